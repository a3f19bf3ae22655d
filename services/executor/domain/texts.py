"""The words the engine says of itself when a flow gives none, in Portuguese and English."""

from typing import Final

# Keyed by the code of the rejection; "again" is for codes without a sentence of their own.
_PORTUGUESE: Final = {
    "again": "Resposta inválida. Tente novamente.",
    "text": "Resposta inválida. Envie uma mensagem de texto.",
    "number": "Resposta inválida. Digite um número.",
    "email": "Resposta inválida. Digite um e-mail válido.",
    "phone": "Resposta inválida. Digite um telefone com DDD.",
    "date": "Resposta inválida. Digite uma data no formato DD/MM/AAAA.",
    "choice": "Opção inválida. Escolha uma das opções.",
    "yes_no": "Resposta inválida. Responda sim ou não.",
    "time": "Resposta inválida. Digite um horário no formato HH:MM.",
    "rating": "Resposta inválida. Digite uma nota em números.",
    "url": "Resposta inválida. Digite um endereço de site.",
    "location": "Resposta inválida. Envie uma localização.",
    "file": "Resposta inválida. Envie um arquivo.",
    "file_kind": "Este tipo de arquivo não é aceito. Envie outro.",
    "order": "Resposta inválida. Escolha os produtos e envie o pedido.",
    "form": "Resposta inválida. Preencha o formulário.",
    "too_short": "Resposta muito curta. Tente novamente.",
    "too_long": "Resposta muito longa. Tente novamente.",
    "too_low": "Valor abaixo do mínimo permitido. Tente novamente.",
    "too_high": "Valor acima do máximo permitido. Tente novamente.",
    "attempts": "Número máximo de tentativas excedido. Envie uma nova mensagem para recomeçar.",
    "yes": "Sim",
    "no": "Não",
    "list_button": "Ver opções",
    "form_button": "Abrir",
}
_ENGLISH: Final = {
    "again": "Invalid answer. Please try again.",
    "text": "Invalid answer. Please send a text message.",
    "number": "Invalid answer. Please type a number.",
    "email": "Invalid answer. Please type a valid e-mail address.",
    "phone": "Invalid answer. Please type a phone number with area code.",
    "date": "Invalid answer. Please type a date as DD/MM/YYYY.",
    "choice": "Invalid option. Please choose one of the options.",
    "yes_no": "Invalid answer. Please answer yes or no.",
    "time": "Invalid answer. Please type a time as HH:MM.",
    "rating": "Invalid answer. Please type a number as your rating.",
    "url": "Invalid answer. Please type a web address.",
    "location": "Invalid answer. Please send a location.",
    "file": "Invalid answer. Please send a file.",
    "file_kind": "This kind of file is not accepted. Please send another.",
    "order": "Invalid answer. Please choose products and send the order.",
    "form": "Invalid answer. Please fill in the form.",
    "too_short": "The answer is too short. Please try again.",
    "too_long": "The answer is too long. Please try again.",
    "too_low": "The value is below the minimum. Please try again.",
    "too_high": "The value is above the maximum. Please try again.",
    "attempts": "Too many invalid answers. Send a new message to start again.",
    "yes": "Yes",
    "no": "No",
    "list_button": "Options",
    "form_button": "Open",
}


def words(code: str, language: str) -> str:
    """The sentence for a code: Portuguese for pt*, English for every other language."""
    table = _PORTUGUESE if language.lower().startswith("pt") else _ENGLISH
    return table.get(code, table["again"])
