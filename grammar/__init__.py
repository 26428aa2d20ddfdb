"""The grammars of the model-string language, shipped as package data (`*.lark`)."""
