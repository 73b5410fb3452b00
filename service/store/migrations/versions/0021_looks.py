"""For whom a visit counts is decided when it begins: a look is a row from then on."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Forget after which visit a request was made. Visits that go on now count for nobody."""
    op.drop_column("watch_requests", "after_visit")


def downgrade() -> None:
    """Take every visit that has begun for one before the request: none counts twice."""
    op.execute("DELETE FROM looks WHERE visit_id IN (SELECT id FROM visits WHERE outcome IS NULL)")
    column = sa.Column("after_visit", ID, nullable=False, server_default="0")
    op.add_column("watch_requests", column)
    op.execute("UPDATE watch_requests SET after_visit = COALESCE((SELECT MAX(id) FROM visits), 0)")
