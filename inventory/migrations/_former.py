"""What a migration that is taken back restores: a function as an earlier file has it."""

from pathlib import Path

SQL = Path(__file__).parent / "sql"


def function(name: str, file: str) -> str:
    """The statement that makes function `name` again."""
    text = (SQL / file).read_text().replace("CREATE OR REPLACE FUNCTION", "CREATE FUNCTION")
    after = text.partition(f"CREATE FUNCTION {name}(")[2]
    end = "\nEND $$;\n" if "LANGUAGE plpgsql" in after.partition("AS $$")[0] else "\n$$;\n"
    body = after.partition(end)[0]
    return f"CREATE OR REPLACE FUNCTION {name}({body}{end}"
