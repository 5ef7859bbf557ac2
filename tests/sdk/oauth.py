"""Sends with the official Python SDK in OAuth mode; prints what it got, as JSON."""

import json
import os

from sinch import SinchClient
from sinch.core.exceptions import SinchException

sinch = SinchClient(
    project_id=os.environ["SERVICE_PLAN"],
    key_id=os.environ["CLIENT_ID"],
    key_secret=os.environ["CLIENT_SECRET"],
    sms_region="eu",
)
sinch.configuration.auth_origin = os.environ["SMS_GATEWAY"]
sinch.configuration.sms_domain = os.environ["SMS_GATEWAY"]


def send(body: str) -> str:
    try:
        return sinch.sms.batches.send_sms(from_="12345", to=["+46701234567"], body=body).body
    except SinchException as error:
        return f"{error.http_response.status_code} {error.http_response.body.get('error')}"


print(json.dumps([send("one"), send("two")]))
