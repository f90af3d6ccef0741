"""What the clients play with; made once, then handed to every process."""

from .client import Client

PRODUCTS = 12


class Catalogue:
    def __init__(self, origins: list[str]) -> None:
        client = Client(origins)
        self.categories = [client.ask("POST", "/categories", {"name": f"Shelf {n}"})[1]["id"] for n in range(2)]
        made = [
            client.ask("POST", "/products", {"sku": f"P-{n}", "name": f"P {n}", "category": self.categories[n % 2]})[1]
            for n in range(PRODUCTS)
        ]
        self.ids = [product["id"] for product in made]
        self.numbers = {pk: number for number, pk in enumerate(self.ids)}
        self.homes = {number: number % 2 for number in range(PRODUCTS)}
