from django.conf import settings
from django.db import migrations


def keep_what_people_may(apps, schema_editor):
    """Make operators of those who are there: until now everybody could work on their own targets."""
    people = apps.get_model(*settings.AUTH_USER_MODEL.split("."))
    membership = apps.get_model("accounts", "Membership")
    membership.objects.bulk_create(
        membership(user_id=pk, role="operator") for pk in people.objects.values_list("pk", flat=True)
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_roles"),
    ]

    operations = [
        migrations.RunPython(keep_what_people_may, migrations.RunPython.noop),
    ]
