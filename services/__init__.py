"""PyTake: five services that answer WhatsApp messages with conversation flows."""
