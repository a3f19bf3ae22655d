"""ingress: people, their sessions, invitations, API keys, and the directories that tell whose they are."""

from alembic import op

revision = "ingress_0005"
down_revision = "ingress_0004"

ROLES = "'super_admin', 'org_admin', 'supervisor', 'agent', 'viewer'"

TABLES = (
    """
    CREATE TABLE ingress.organization_name (
      organization_id uuid PRIMARY KEY, name text NOT NULL UNIQUE
    )
    """,
    # SHA-256 of e-mails: it tells which organization a login is for, and holds no address.
    """
    CREATE TABLE ingress.login_directory (
      organization_id uuid NOT NULL, email_hash bytea NOT NULL,
      PRIMARY KEY (organization_id, email_hash)
    )
    """,
    "CREATE INDEX ON ingress.login_directory (email_hash)",
    """
    CREATE TABLE ingress.api_key_directory (
      key_hash bytea PRIMARY KEY, organization_id uuid NOT NULL
    )
    """,
    f"""
    CREATE TABLE ingress.user_account (
      organization_id uuid NOT NULL, user_id uuid NOT NULL,
      email text NOT NULL, name text NOT NULL DEFAULT '',
      role text NOT NULL CHECK (role IN ({ROLES})),
      password_hash text NOT NULL, is_active boolean NOT NULL DEFAULT true,
      failures integer NOT NULL DEFAULT 0, locks integer NOT NULL DEFAULT 0, locked_until timestamptz,
      last_login_at timestamptz, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz,
      PRIMARY KEY (organization_id, user_id), UNIQUE (organization_id, email)
    )
    """,
    # Which active people keep an organization is asked at every change of a person.
    "CREATE INDEX ON ingress.user_account (organization_id, role) WHERE is_active",
    """
    CREATE TABLE ingress.refresh_token (
      organization_id uuid NOT NULL, token_hash bytea NOT NULL,
      family_id uuid NOT NULL, user_id uuid NOT NULL,
      issued_at timestamptz NOT NULL, expires_at timestamptz NOT NULL, used_at timestamptz, revoked_at timestamptz,
      PRIMARY KEY (organization_id, token_hash),
      FOREIGN KEY (organization_id, user_id) REFERENCES ingress.user_account (organization_id, user_id)
    )
    """,
    "CREATE INDEX ON ingress.refresh_token (organization_id, family_id)",
    "CREATE INDEX ON ingress.refresh_token (organization_id, user_id)",
    f"""
    CREATE TABLE ingress.invitation (
      organization_id uuid NOT NULL, invitation_id uuid NOT NULL,
      email text NOT NULL, name text NOT NULL DEFAULT '',
      role text NOT NULL CHECK (role IN ({ROLES})),
      token_hash bytea NOT NULL, invited_by text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL,
      accepted_at timestamptz, revoked_at timestamptz,
      PRIMARY KEY (organization_id, invitation_id), UNIQUE (organization_id, token_hash)
    )
    """,
    """
    CREATE UNIQUE INDEX ON ingress.invitation (organization_id, email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL
    """,
    """
    CREATE TABLE ingress.api_key (
      organization_id uuid NOT NULL, key_id uuid NOT NULL,
      name text NOT NULL, scopes text[] NOT NULL DEFAULT '{}', key_hash bytea NOT NULL,
      requests_per_minute integer, created_by text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz, revoked_at timestamptz,
      last_used_at timestamptz,
      PRIMARY KEY (organization_id, key_id)
    )
    """,
    "CREATE UNIQUE INDEX ON ingress.api_key (organization_id, name) WHERE revoked_at IS NULL",
    "CREATE UNIQUE INDEX ON ingress.api_key (organization_id, key_hash) WHERE revoked_at IS NULL",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
