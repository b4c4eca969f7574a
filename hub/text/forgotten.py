"""What was forgotten as text, without the key."""

from hub.forgetting.files import ChangedFile
from hub.forgetting.forget import Forgotten
from hub.text.lines import counted, table, text_of


def render_forgotten(forgotten: Forgotten) -> str:
    """What was removed, where it was searched for afterwards, and what is left elsewhere."""
    lines = _removed(forgotten)
    if forgotten.searched:
        lines += ["", *_searched(forgotten)]
    if forgotten.key_digest and not forgotten.is_dry:
        lines += ["", f"blocked by its digest {forgotten.key_digest}"]
    lines += [f"note: {note}" for note in forgotten.notes]
    if forgotten.is_dry:
        lines += ["", "dry run: nothing has changed"]
    return text_of(lines)


def _removed(forgotten: Forgotten) -> list[str]:
    selection = forgotten.selection
    if not selection.entities:
        return ["the key was never seen; what comes of it is rejected"]
    lines = []
    for chosen in selection.entities:
        lines.append(f"{chosen.entity}: {counted(chosen.by_key, 'record')} of the key")
        if chosen.by_text:
            lines.append(
                f"  {counted(chosen.by_text, 'record')} without a readable key, whose text names it"
            )
        if chosen.implied:
            lines.append(f"  {counted(chosen.implied, 'deletion')} that full deliveries implied")
    if selection.places:
        lines.append(f"by their text alone: {', '.join(selection.places)}")
    if selection.mentions:
        lines.append(
            f"{counted(selection.mentions, 'record')} of other keys name it and stay: "
            f"{', '.join(selection.mentioning)}"
        )
    return [*lines, *map(_of_file, forgotten.files)]


def _of_file(changed: ChangedFile) -> str:
    if changed.removed:
        return f"{changed.file}: removed"
    return f"{changed.file}: {changed.dropped} taken out, {changed.kept} left"


def _searched(forgotten: Forgotten) -> list[str]:
    places = [found for found in forgotten.searched if found.matches or found.mentions]
    total = sum(found.matches for found in forgotten.searched)
    places_searched = counted(len(forgotten.searched), "place")
    lines = [f"searched {places_searched}: {total:,} {'match' if total == 1 else 'matches'}"]
    if places:
        lines += table(
            [
                ["place", "matches", "mentions by others"],
                *([found.place, f"{found.matches:,}", f"{found.mentions:,}"] for found in places),
            ],
            numbers_from=1,
        )
    if total:
        lines.append(
            "not forgotten yet: correct or remove what is named, then run the same command again"
        )
    return lines
