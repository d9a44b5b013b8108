"""Stores the token of a JSON or form body in the file that STORE names."""

import os
import pathlib

from flask import Flask, request

app = Flask(__name__)
app.config["MAX_FORM_MEMORY_SIZE"] = 64 << 20


@app.put("/keys")
def save():
    fields = request.get_json() if request.is_json else request.form
    pathlib.Path(os.environ["STORE"]).write_text(fields["token"])
    return {"saved": True}
