"""Imported flows converse as their products did: what is said, what an answer leads to, what is asked again."""

from services.executor.domain.compile import compile_flow
from services.executor.domain.document import parse_document
from services.executor.domain.events import InboundMessage, TimerFired
from services.executor.domain.importers import import_flow
from tests.unit.executor.dialogues import plain, take
from tests.unit.executor.foreign_flows import bot, definition, message, said, step, waiting


class Conversation:
    """A contact who talks to an imported flow."""

    def __init__(self, source):
        document = parse_document(import_flow(source).flow)
        self._flow = compile_flow(document, flow_id="f", version=1)
        self._session = None

    def hears(self, event):
        outcome = take(self._flow, self._session, event)
        self._session = outcome.session
        return [plain(command) for command in outcome.commands]

    def says(self, text):
        return self.hears(InboundMessage(text=text))

    @property
    def variables(self):
        return self._session.variables


def test_a_bot_asks_stores_counts_and_decides():
    quiz = bot(
        {"id": "zero", "type": "Set variable", "options": {"variableId": "v-pontos", "expressionToEvaluate": "0"}},
        said("t", {"text": "Capital do "}, {"text": "Brasil", "bold": True}, {"text": "?"}),
        {
            "id": "q",
            "type": "choice input",
            "options": {"variableId": "v-capital"},
            "items": [{"id": "i1", "content": "Brasília", "outgoingEdgeId": "e1"}, {"id": "i2", "content": "Rio"}],
        },
        said("wrong", {"text": "Não é {{capital}}."}),
        {"id": "again", "type": "Jump", "options": {"groupId": "g1", "blockId": "t"}},
        groups=[
            {
                "id": "g2",
                "title": "Certo",
                "blocks": [
                    {
                        "id": "add",
                        "type": "Set variable",
                        "options": {"variableId": "v-pontos", "expressionToEvaluate": "{{pontos}} + 5"},
                    },
                    {"id": "won", "type": "Condition", "items": [_over(3)]},
                    said("few", {"text": "Pouco"}),
                ],
            },
            {"id": "g3", "title": "Fim", "blocks": [said("bye", {"text": "{{pontos}} pontos!"})]},
        ],
        edges=[
            {"id": "e1", "from": {"blockId": "q", "itemId": "i1"}, "to": {"groupId": "g2"}},
            {"id": "e2", "from": {"blockId": "won", "itemId": "over"}, "to": {"groupId": "g3"}},
        ],
        variables=["pontos", "capital"],
    )
    question = {"body": "Capital do *Brasil*?", "buttons": {"Brasília": "Brasília", "Rio": "Rio"}}
    talk = Conversation(quiz)
    assert talk.says("oi") == [question]
    assert talk.says("Rio") == ["Não é Rio.", question]
    assert talk.says("brasilia") == ["5 pontos!", {"ended": "no_edge"}]
    assert talk.variables == {"pontos": 5, "capital": "Brasília"}


def test_a_bot_asks_for_an_address_until_it_has_one():
    talk = Conversation(bot(said("t", {"text": "E-mail?"}), {"id": "q", "type": "email input", "options": {}}))
    assert talk.says("oi") == ["E-mail?"]
    assert [talk.says("nada")[0] for _ in range(3)][-1] == "E-mail?"
    assert talk.says("a@b.com") == [{"ended": "no_edge"}]


def _colours(**router):
    return definition(
        step("ask", message("a1", "Que cor?"), to="wait"),
        waiting(
            "wait",
            ("has_any_word", ["azul marinho"], "Azul"),
            ("has_number_gt", ["9"], "Muito"),
            ways=[("Azul", "good"), ("Muito", "good"), ("Nada", "late")],
            default="retry",
            result_name="Cor",
            **router,
        ),
        step("retry", message("a2", "Não conheço. De novo?"), to="wait"),
        step("good", message("a3", "@results.cor é @results.cor.category")),
        step("late", message("a4", "Tchau")),
    )


def test_a_definition_tells_words_from_parts_of_words_and_asks_again():
    talk = Conversation(_colours())
    assert talk.says("oi") == ["Que cor?"]
    assert talk.says("azulado") == ["Não conheço. De novo?"]
    assert talk.says("É AZUL!") == ["É AZUL! é Azul", {"ended": "no_edge"}]


def test_a_definition_takes_words_for_no_number():
    talk = Conversation(_colours())
    talk.says("oi")
    assert talk.says("muitas") == ["Não conheço. De novo?"]
    assert talk.says("8") == ["Não conheço. De novo?"]
    assert talk.says("10") == ["10 é Muito", {"ended": "no_edge"}]


def test_a_definition_goes_on_without_an_answer():
    talk = Conversation(_colours(wait={"type": "msg", "timeout": {"seconds": 60, "category_uuid": "Nada"}}))
    talk.says("oi")
    assert talk.hears(TimerFired("no_reply")) == ["Tchau", {"ended": "no_edge"}]


def test_a_definition_that_waits_first_says_nothing_and_listens():
    source = definition(
        waiting("w", ("has_beginning", ["sim"], "Sim"), ways=[("Sim", "z")], default="w"),
        step("z", message("a", "Bom!")),
    )
    talk = Conversation(source)
    assert talk.says("oi") == []
    assert talk.says("não") == []
    assert talk.says("Sim, claro") == ["Bom!", {"ended": "no_edge"}]


def test_a_reply_that_is_tapped_is_compared_by_its_words():
    source = definition(
        step("n", message("a", "Vamos?", quick_replies=["👍 Sim", "👎 Não"]), to="w"),
        waiting("w", ("has_any_word", ["sim"], "Sim"), ways=[("Sim", "z")], default="n"),
        step("z", message("b", "Bom!")),
    )
    talk = Conversation(source)
    assert talk.says("oi") == [{"body": "Vamos?", "buttons": {"👍 Sim": "👍 Sim", "👎 Não": "👎 Não"}}]
    assert talk.hears(InboundMessage(reply_id="👍 Sim", reply_title="👍 Sim")) == ["Bom!", {"ended": "no_edge"}]


def _over(number):
    comparison = {"variableId": "v-pontos", "comparisonOperator": "Greater than", "value": str(number)}
    return {"id": "over", "outgoingEdgeId": "e2", "content": {"logicalOperator": "AND", "comparisons": [comparison]}}
