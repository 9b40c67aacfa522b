"""How long what was found for a repair has been tried so far, as that is bounded."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crawler", "0048_judging")]

    operations = [
        migrations.AddField(
            model_name="repairlook",
            name="seconds",
            field=models.FloatField(db_default=0.0, default=0.0),
        ),
    ]
