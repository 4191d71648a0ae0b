"""Objections to listings: kept with each listing, as its revisions keep them.

The release before goes on serving and pushing: it leaves the column alone. It does not know it either, so objections
are filed only once its last process is replaced: a change that it made to a contested listing would be kept in the
history without them.
"""

from alembic import op

revision = "20261126_objections"
down_revision = "20261125_whole_life"


def upgrade() -> None:
    """Apply it; a constant default rewrites no row."""
    op.execute("ALTER TABLE listings ADD objections jsonb DEFAULT '[]' NOT NULL")


def downgrade() -> None:
    """Go back: what the listings are contested by is then told by their history only."""
    op.execute("ALTER TABLE listings DROP objections")
