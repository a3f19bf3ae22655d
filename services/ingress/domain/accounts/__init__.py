"""Facts and rules of people and programs: who may give what, when a person is locked out, what secrets look like."""
