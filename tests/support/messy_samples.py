"""Sample files as people have them: other signs, other encodings, other forms of time."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard


def orders_of_a_spreadsheet(folder: Path) -> Path:
    """A CSV of a German spreadsheet: semicolons, cp1252, decimal commas, ja and nein."""
    lines = ["Bestell-Nr.;Kunde;Betrag;Zustand;Bezahlt;Geändert am"]
    for number in range(60):
        lines.append(
            f"{number:05d};Müller {number};{['1.234,50', '12,5', '0,99', 'n/a'][number % 4]};"
            f"{['offen', 'bezahlt', 'storniert'][number % 3]};{['ja', 'nein'][number % 2]};"
            f"{1 + number % 28:02d}.{1 + number % 12:02d}.2025 0{number % 10}:15"
        )
    path = folder / "bestellungen.csv"
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return path


def nested_signups(folder: Path) -> Path:
    """NDJSON with nested objects, dots and quotes in names, names that differ by case, words of
    SQL, moments in milliseconds, long integers, and records that cannot be read."""
    lines = []
    for number in range(40):
        record = {
            "user.id": f"u-{number % 35}",
            "profile": {
                "name": {"first": f"A{number}", "last": 'O\'Brien "x"'},
                "age": number + 18,
                "tags": ["a", "b"][: number % 3],
            },
            "createdAt": 1736928000000 + number * 1000,
            "referrer": None if number % 2 else "news\u2028letter",
            "big": 9007199254740993 + number,
            "select": number,
            "Select": "x",
            'it\'s "so"\\': "{{ not jinja }}" if number == 7 else "y",
            "isActive": number % 2 == 0,
            "*": 1,
            "": 2,
        }
        if number == 3:
            record["extra"] = {"deep": {"er": {"est": {"x": 1}}}}
        lines.append(json.dumps(record))
    lines += ['{"user.id": "cut', '{"user.id": "u-1", "user.id": "u-2"}']
    path = folder / "signups.ndjson"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def quoted_tsv(folder: Path) -> Path:
    """A TSV in UTF-16: quotes and tabs in fields, the month first, thousands with commas."""
    lines = ['"id"\t"price, net"\t"ordered on"\t"note"']
    for number in range(25):
        lines.append(
            f'"SKU-{number}"\t"1,{100 + number}.50"\t'
            f'"{1 + number % 12:02d}/{13 + number % 10}/2025"\t"say ""hi""\t{number}"'
        )
    path = folder / "pricelist.tsv"
    path.write_bytes(b"\xff\xfe" + "\n".join(lines).encode("utf-16-le"))
    return path


def pretty_array(folder: Path) -> Path:
    """A JSON array over many lines, compressed: keys with blanks and in both cases."""
    records = [
        {
            "Ref": f" ab{number % 8} " if number % 2 else f"AB{number % 8}",
            "Qty": number,
            "unit price": number * 1.005,
            "flags": {"in stock": "yes" if number % 3 else "no"},
            "when": f"2025-01-{1 + number % 28:02d}T08:00:00+02:00",
        }
        for number in range(30)
    ]
    path = folder / "stock.json.gz"
    path.write_bytes(gzip.compress(json.dumps(records, indent=2).encode()))
    return path


def one_object(folder: Path) -> Path:
    """JSON of a single object, with a time in seconds."""
    path = folder / "single.json"
    path.write_text('{"id": 7, "name": "only", "at": 1736928000}', encoding="utf-8")
    return path


def parquet_of_a_lab(folder: Path) -> Path:
    """Parquet with a column of nulls, and numbers of 16 digits."""
    count = 50
    table = pa.table(
        {
            "Measurement ID": [f"{number:04d}" for number in range(count)],
            "reading": [number / 3 for number in range(count)],
            "taken": pa.array([1736928000000000 + n for n in range(count)], pa.timestamp("us")),
            "ok": [bool(number % 2) for number in range(count)],
            "n": pa.array([None] * count, pa.int32()),
        }
    )
    path = folder / "lab.parquet"
    pq.write_table(table, path)
    return path


def tickets_in_a_text(folder: Path) -> Path:
    """Text with tabs, which its name does not say: mixed forms of dates, words for nothing, a
    record without a key, spellings of one value."""
    lines = ["\ufeffTicket No\topened\tpriority\tscore"]
    for number in range(70):
        day = 1 + number % 28
        opened = [f"2025-03-{day:02d}", f"{day:02d}.03.2025", f"2025-03-{day:02d}T10:00:00Z"]
        lines.append(
            f"{'' if number == 5 else f'T-{number % 65}'}\t{opened[number % 3]}\t"
            f"{['High', 'high ', 'LOW', 'medium'][number % 4]}\t"
            f"{['NULL', '1', '2.5', 'N/A'][number % 4]}"
        )
    path = folder / "tickets.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def report_with_a_title(folder: Path) -> Path:
    """A CSV with lines before its header, and comments."""
    lines = ["Report of January;;", "", "# by city", "id,city,visits"]
    lines += [f"{number},Zürich,{number * 10}" for number in range(1, 30)]
    path = folder / "visits_report.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def wide_and_mixed(folder: Path) -> Path:
    """NDJSON, compressed: names of no Latin letters, values of several kinds, an empty column."""
    records = [
        {
            "主键": f"k{number}",
            "名前": "é",
            "x": number if number % 2 else str(number),
            "val": 1.5 if number else "oops",
            "empty": "",
            "obj": {"a": 1} if number % 2 else "text",
            "yn": "y" if number % 2 else "n",
            "id 2": number,
        }
        for number in range(30)
    ]
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    path = folder / "wide.ndjson.zst"
    path.write_bytes(zstandard.compress(lines.encode()))
    return path


def doubled_header(folder: Path) -> Path:
    """A CSV with a name twice, names that the hub and SQL have taken, keys of 20 digits."""
    lines = ["order,order,from,group,source,position,ID,amount,is_late"]
    lines += [f"{n},{n + 1},a,b,web,3,{12345678901234567890 + n},{n}.00,{n % 2}" for n in range(30)]
    path = folder / "dupes.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# each with the entity that is made of it, and how many records there are of each outcome
SAMPLES: dict[Callable[[Path], Path], tuple[str, dict[str, int]]] = {
    orders_of_a_spreadsheet: ("bookings", {"applied": 60}),
    nested_signups: ("signups", {"applied": 35, "superseded": 5, "rejected": 2}),
    quoted_tsv: ("prices", {"applied": 25}),
    pretty_array: ("stock_levels", {"applied": 8, "superseded": 22}),
    one_object: ("singles", {"applied": 1}),
    parquet_of_a_lab: ("lab_results", {"applied": 50}),
    tickets_in_a_text: ("tickets", {"applied": 64, "superseded": 5, "rejected": 1}),
    report_with_a_title: ("visits", {"applied": 29}),
    wide_and_mixed: ("wide_things", {"applied": 29, "rejected": 1}),
    doubled_header: ("dupes", {"applied": 30}),
}
