"""What the user sees."""

import textwrap


def show(question, answers):
    print(f"? {question}")
    for passage, score in answers:
        text = textwrap.shorten(passage.text, width=72, placeholder=" ...")
        print(f"  {score:5.2f}  {passage.document.title:20.20}  {text}")
