"""What a migration that is taken back restores: a function as an earlier file has it."""

from pathlib import Path

SQL = Path(__file__).parent / "sql"


def function(name: str, file: str) -> str:
    """The statement that makes PL/pgSQL function `name` again."""
    text = (SQL / file).read_text().replace("CREATE OR REPLACE FUNCTION", "CREATE FUNCTION")
    body, end, _ = text.partition(f"CREATE FUNCTION {name}(")[2].partition("\nEND $$;\n")
    return f"CREATE OR REPLACE FUNCTION {name}({body}{end}"
