"""Every lane on one page: exact paths, and paths that begin and end in a certain way."""

from api.edge import adjustments, listings, products
from api.edge.asked import Lane

#: (method, path)
EXACT: dict[tuple[str, str], Lane] = {("POST", adjustments.PATH): adjustments.LANE}
#: Beginning, end, lane. More than one segment may stand between; the lane looks.
GETS: tuple[tuple[str, str, Lane], ...] = (
    (products.PATH, "", products.LANE),
    (listings.PATH, listings.END, listings.LANE),
)


def lane_for(method: str, path: str) -> Lane | None:
    if method == "GET":
        for beginning, end, lane in GETS:
            if path.startswith(beginning) and path.endswith(end):
                return lane
        return None
    return EXACT.get((method, path))
