"""Imported flows talk as their products did: the source, what the contact says, what the bot answers."""

import pytest

from services.executor.domain.commands import SendText
from services.executor.domain.compile import compile_flow
from services.executor.domain.document import parse_document
from services.executor.domain.importers import import_flow, read_document
from tests.unit.executor.dialogues import event_of, plain, take

STUDIO = """
initial_state: Trigger
states:
  - {name: Trigger, type: trigger, transitions: [{event: incomingMessage, next: count}]}
  - name: count
    type: set-variables
    properties: {variables: [{key: tries, value: "{{flow.variables.tries | plus: 1}}"}]}
    transitions: [{event: next, next: ask}]
  - name: ask
    type: send-and-wait-for-reply
    properties: {body: "Try {{flow.variables.tries}}: you wrote {{trigger.message.Body | upcase}}. Tea or juice?"}
    transitions: [{event: incomingMessage, next: split}]
  - name: split
    type: split-based-on
    properties: {input: "{{widgets.ask.inbound.Body}}"}
    transitions:
      - {event: noMatch, next: count}
      - {event: match, next: tea, conditions: [{type: matches_any_of, value: "tea, mate"}]}
      - {event: match, next: juice, conditions: [{type: regex, value: "j.*e"}]}
  - {name: tea, type: send-message, properties: {body: "Tea it is."}, transitions: [{event: sent}]}
  - {name: juice, type: send-message, properties: {body: "Juice: {{widgets.ask.inbound.Body}}."}}
"""
STAGES = """
ASK:
  kind: text
  prop: size
  message: "Oi {{ s.wa_name }}! Que tamanho?"
  routes: {"re:^\\\\d+$": COLOUR, "grande": BIG}
COLOUR:
  kind: button
  message: {body: "Cor do {{ p.size }}?", buttons: [Azul, Verde]}
  routes: {azul: DONE, verde: ASK}
BIG:
  kind: text
  message: Grande. Certo?
  routes: {sim: DONE, não: ASK}
DONE:
  kind: text
  message: "Anotado: {{ p.size | upper }}"
"""

DIALOGUES = [
    pytest.param(
        STUDIO,
        [("hi", ["Try 1: you wrote HI. Tea or juice?"]), ("water", ["Try 2: you wrote HI. Tea or juice?"]),
         (" MATE ", ["Tea it is."])],
        id="studio-asks-again-until-something-matches",
    ),
    pytest.param(
        STUDIO,
        [("oi", ["Try 1: you wrote OI. Tea or juice?"]), ("Juicee", ["Juice: Juicee."])],
        id="studio-matches-the-whole-text-without-case",
    ),
    pytest.param(
        STAGES,
        [("oi", ["Oi Ana! Que tamanho?"]), ("pequeno", ["Oi Ana! Que tamanho?"]), ("42", []),
         ("Azul", ["Anotado: 42"])],
        id="pywce-asks-again-and-takes-the-first-pattern",
    ),
    pytest.param(
        STAGES,
        [("oi", ["Oi Ana! Que tamanho?"]), ("Grande", ["Grande. Certo?"]), ("NÃO", ["Oi Ana! Que tamanho?"]),
         ("grande", ["Grande. Certo?"]), ("sim", ["Anotado: GRANDE"])],
        id="pywce-takes-exact-answers-without-case",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("source", "turns"), DIALOGUES)
def test_an_imported_flow_talks_as_its_product_did(source, turns):
    document = parse_document(import_flow(read_document(source.encode())).flow)
    flow, session = compile_flow(document, flow_id="f", version=1), None
    for number, (said, answers) in enumerate(turns, start=1):
        outcome = take(flow, session, event_of({"user": said}), context={"contact.name": "Ana"})
        session = outcome.session
        told = [plain(command) for command in outcome.commands if isinstance(command, SendText)]
        assert told == answers, f"turn {number}"
    assert not session.is_active
