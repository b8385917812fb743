"""Messages with attachments built, written, parsed and their headers read."""

import email
import email.message
import email.policy

from inputs import documentation, source

TEXT = documentation(4000)
ATTACHMENT = source("bisect.py")


def build(number):
    message = email.message.EmailMessage(policy=email.policy.default)
    message["Subject"] = f"Grüße, number {number}: " + TEXT[:60].replace("\n", " ")
    message["From"] = "Ada Example <ada@example.org>"
    message["To"] = "Bob <bob@example.org>, carol@example.net"
    message["Date"] = "Mon, 01 Jan 2024 12:00:00 +0100"
    message.set_content(TEXT)
    message.add_attachment(ATTACHMENT, filename="bisect.py")
    message.set_boundary(f"boundary-{number}")
    return message


def read(data):
    message = email.message_from_bytes(data, policy=email.policy.default)
    parts = sum(len(part.get_content()) for part in message.walk() if not part.is_multipart())
    return parts + len(message["to"].addresses) + message["date"].datetime.hour


def run():
    return sum(read(build(number).as_bytes()) for number in range(14))
