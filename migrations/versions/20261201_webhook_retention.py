"""Deliveries of webhooks that are long over may be deleted, with their attempts: by one function, and not otherwise.

The release before goes on beside it: it calls nothing of this, and deletes nothing.
"""

from alembic import op

revision = "20261201_webhook_retention"
down_revision = "20261130_webhooks"

SERVICE_ROLE = "liancheng_service"

# The service has no right to delete; this it may have deleted. What it must not lose stays whatever it asks for: what
# is still to be told, the last of each webhook that its client is shown, and whatever is younger than a month.
FORGET = """
CREATE FUNCTION forget_webhook_deliveries(before timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    old uuid[];
BEGIN
    -- Whoever else does this at once takes others; and one that is just being told again is passed over.
    SELECT array_agg(delivery_id) INTO old FROM (
        SELECT one.delivery_id
        FROM webhooks
        LEFT JOIN LATERAL (
            SELECT delivery_id FROM webhook_deliveries AS shown
            WHERE shown.webhook_id = webhooks.webhook_id
            ORDER BY delivery_id DESC OFFSET 19 LIMIT 1
        ) AS last_shown ON true
        JOIN webhook_deliveries AS one ON one.webhook_id = webhooks.webhook_id
        WHERE (webhooks.state = 'deleted' OR one.delivery_id < last_shown.delivery_id)
            AND one.state IN ('delivered', 'failed', 'superseded', 'cancelled')
            AND coalesce(one.give_up_at, one.created_at) < least(before, now() - interval '30 days')
        LIMIT most
        FOR UPDATE OF one SKIP LOCKED
    ) AS found;
    DELETE FROM webhook_attempts WHERE delivery_id = ANY (old);
    DELETE FROM webhook_deliveries WHERE delivery_id = ANY (old);
    RETURN coalesce(cardinality(old), 0);
END $$
"""


def upgrade() -> None:
    """Apply it."""
    op.execute(FORGET)
    op.execute("REVOKE EXECUTE ON FUNCTION forget_webhook_deliveries(timestamptz, integer) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION forget_webhook_deliveries(timestamptz, integer) TO {SERVICE_ROLE}")


def downgrade() -> None:
    """Go back; what was deleted stays so."""
    op.execute("DROP FUNCTION forget_webhook_deliveries(timestamptz, integer)")
