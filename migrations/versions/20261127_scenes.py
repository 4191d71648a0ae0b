"""Scenes: every set that was served, and in the audit the scene that a lookup was asked in.

The lookups of the release before go on while this runs and after it: what they record was asked in no scene.
"""

from alembic import op

revision = "20261127_scenes"
down_revision = "20261125_whole_life"

SERVICE_ROLE = "liancheng_service"

UPGRADE = f"""
CREATE TABLE scenes (
    scenes_version text NOT NULL,
    source bytea NOT NULL,
    first_served_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_scenes PRIMARY KEY (scenes_version)
);
GRANT SELECT, INSERT ON scenes TO {SERVICE_ROLE};
ALTER TABLE audit ADD scene text, ADD scenes_version text;
ALTER TABLE audit ADD CONSTRAINT ck_audit_scene_with_version
    CHECK ((scene IS NULL) = (scenes_version IS NULL)) NOT VALID
"""


def upgrade() -> None:
    """Apply it."""
    for statement in UPGRADE.split(";\n"):
        op.execute(statement)
    # In a transaction of its own: it reads all of the audit, and lookups must be able to write to it meanwhile.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE audit VALIDATE CONSTRAINT ck_audit_scene_with_version")


def downgrade() -> None:
    """Go back: in which scene a lookup was asked is lost."""
    op.execute("ALTER TABLE audit DROP scene, DROP scenes_version")
    op.execute("DROP TABLE scenes")
