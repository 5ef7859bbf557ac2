"""Prints the results of calls of the official Python SDK as one JSON object.

Reads SMS_GATEWAY, SERVICE_PLAN and TOKEN.
"""

import json
import os
from datetime import datetime, timedelta, timezone

from sinch import SinchClient

ALICE, BOB, FAILING = "12025550121", "12025550122", "12025550105"

sinch = SinchClient(
    service_plan_id=os.environ["SERVICE_PLAN"],
    sms_api_token=os.environ["TOKEN"],
    sms_region="eu",
)
sinch.configuration.sms_domain_with_service_plan_id = os.environ["SMS_GATEWAY"]
sms = sinch.sms


def recipients(**filters):
    return [report.recipient for report in sms.delivery_reports.list(**filters).iterator()]


def batch_ids(**filters):
    return [batch.id for batch in sms.batches.list(**filters).iterator()]


batch = sms.batches.send_sms(
    to=["+" + ALICE, "+" + BOB, FAILING],
    from_="Sinch",
    body="Hi ${name}",
    parameters={"name": {"+" + ALICE: "Alice", "default": "there"}},
    delivery_report="full",
)
dry_run = {"to": [ALICE, BOB], "from_": "Sinch", "body": "Hi"}
details = sms.batches.dry_run_sms(per_recipient=True, number_of_recipients=1, **dry_run)
no_details = sms.batches.dry_run_sms(per_recipient=False, **dry_run)
report = sms.delivery_reports.get(
    batch_id=batch.id, report_type="full", status=["DELIVERED", "EXPIRED"], code=[0, 27]
)
group = sms.groups.create(name="Customers", members=["+" + ALICE])
updated = sms.groups.update(group_id=group.id, name="Customers", add=[BOB])
now = datetime.now(timezone.utc)
zone = timezone(timedelta(hours=2))

print(json.dumps({
    "parameters": batch.parameters,
    "feedback_enabled": batch.feedback_enabled,
    "delivery_report": batch.delivery_report,
    "callback_url": batch.event_destination_target,
    "details": [one.recipient for one in details.per_recipient],
    "no_details": no_details.per_recipient,
    "report": [[one.status, one.recipients] for one in report.statuses],
    "delivered": recipients(status=["DELIVERED"]),
    "failed": recipients(status=["FAILED", "EXPIRED"], code=[1, 27]),
    "pages": recipients(page_size=1),
    "senders": batch_ids(from_=["+12025550199", "Sinch"]) == [batch.id],
    "other_senders": batch_ids(from_=["54321"]),
    "since": [
        batch_ids(start_date=moment) == [batch.id]
        for moment in (
            now - timedelta(minutes=1),
            (now - timedelta(minutes=1)).astimezone(zone),
            (now - timedelta(minutes=1)).replace(tzinfo=None),
        )
    ],
    "until": batch_ids(end_date=now - timedelta(minutes=1)),
    "inbounds": len(list(sms.inbounds.list(to=["+12025550199", "54321"]).iterator())),
    "child_groups": [group.child_groups, updated.child_groups],
    "size": updated.size,
}))
