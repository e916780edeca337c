"""Tools of a clinic."""

from dataclasses import dataclass


@dataclass
class Patient:
    """Who a patient is."""

    full_name: str
    date_of_birth: str


def find_slot(doctor_id: str, earliest_day: str) -> list[str]:
    """Find free times of a doctor."""
    return [doctor_id, earliest_day]


def book_slot(slot_id: str, patient: Patient) -> str:
    """Book a free time."""
    return f"{slot_id} {patient.full_name}"


def cancel_slot(slot_id: str) -> str:
    """Cancel a booked time."""
    return slot_id


def renew_prescription(patient: Patient, drug_name: str) -> str:
    """Ask the doctor to renew a prescription."""
    return f"{patient.full_name} {drug_name}"


def call_emergency(address: str) -> str:
    """Call an ambulance."""
    return address
