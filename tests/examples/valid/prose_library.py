"""Tools of a library."""


def search_catalogue(title_or_author: str, year_from: int | None = None) -> list[str]:
    """Search the catalogue."""
    return [title_or_author, str(year_from)]


def reserve_book(book_id: str, reader_card: str) -> str:
    """Reserve a book."""
    return f"{book_id} {reader_card}"


def renew_loan(book_id: str, reader_card: str) -> str:
    """Renew a loan."""
    return f"{book_id} {reader_card}"


def open_fees(reader_card: str) -> int:
    """Give the fees of a reader, in cents."""
    return len(reader_card)
