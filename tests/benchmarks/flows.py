"""The flows people walk through, as documents of the flow language."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

WORKSHOP_FILE = Path(__file__).with_name("flow.json")
LONG_QUESTIONS = 24
BUBBLES = ("Bom dia! Aqui é a oficina.", "Hoje abrimos às nove e fechamos às seis.", "Até já!")

Document = dict[str, Any]


def workshop_flow() -> Document:
    """The flow of every comparison: two questions, a condition, two ends."""
    document: Document = json.loads(WORKSHOP_FILE.read_text())
    return document


def long_flow() -> Document:
    """A survey of many questions in a row; each repeats what the last one was answered."""
    questions = [
        {
            "id": f"ask_{number}",
            "type": "question",
            "data": {"content": long_question(number), "variableName": f"r{number}", "validationType": "text"},
        }
        for number in range(LONG_QUESTIONS)
    ]
    end = {"id": "end", "type": "end", "data": {"content": long_question(LONG_QUESTIONS)}}
    return _in_a_row("Pesquisa", [*questions, end])


def long_question(number: int) -> str:
    """The text of a question, or of the end when all were asked; 0 is the first."""
    if number == 0:
        return "Pergunta 0: como está a bicicleta?"
    heard = f"Anotei {{{{r{number - 1}}}}}."
    return f"{heard} Obrigado!" if number == LONG_QUESTIONS else f"{heard} Pergunta {number}: e a próxima peça?"


def bubbles_flow() -> Document:
    """Three texts for one message, then it is over."""
    *first, last = BUBBLES
    says = [{"id": f"say_{place}", "type": "message", "data": {"content": text}} for place, text in enumerate(first)]
    return _in_a_row("Recado", [*says, {"id": "end", "type": "end", "data": {"content": last}}])


def _in_a_row(name: str, nodes: list[Document]) -> Document:
    everything = [{"id": "start", "type": "start", "data": {}}, *nodes]
    placed = [node | {"position": {"x": 0, "y": 120 * place}} for place, node in enumerate(everything)]
    edges = [
        {"id": f"e{place}", "source": before["id"], "target": after["id"]}
        for place, (before, after) in enumerate(pairwise(everything))
    ]
    return {"name": name, "nodes": placed, "edges": edges}
