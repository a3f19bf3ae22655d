"""The statements of people, sessions, invitations and keys. All tenants' tables are looked up by their keys."""

from __future__ import annotations

from services.chassis.db import Query

USER_COLUMNS = """
    u.user_id, u.email, u.name, u.role, u.password_hash, u.is_active, u.failures, u.locks, u.locked_until,
    u.created_at, u.last_login_at"""
LINK_COLUMNS = "t.token_hash, t.family_id, t.user_id, t.issued_at, t.expires_at, t.used_at, t.revoked_at"
INVITATION_COLUMNS = """
    invitation_id, email, name, role, token_hash, invited_by, expires_at, created_at, accepted_at, revoked_at"""
KEY_COLUMNS = """
    key_id, name, scopes, key_hash, requests_per_minute, created_by, created_at, expires_at, revoked_at, last_used_at"""

# Before the tenant is known ---------------------------------------------------------------------------------------
ORGANIZATION_NAMED = Query("SELECT organization_id FROM ingress.organization_name WHERE name = %(name)b::text")
NAME_ORGANIZATION = Query("""
    INSERT INTO ingress.organization_name AS o (organization_id, name) VALUES (%(organization)b::uuid, %(name)b::text)
    ON CONFLICT (organization_id) DO UPDATE SET name = excluded.name WHERE o.name <> excluded.name""")
ORGANIZATIONS_OF_EMAIL = Query("""
    SELECT organization_id FROM ingress.login_directory WHERE email_hash = %(hash)b::bytea
    ORDER BY organization_id LIMIT 2""")
LIST_EMAIL = Query("""
    INSERT INTO ingress.login_directory (organization_id, email_hash)
    VALUES (%(organization)b::uuid, %(hash)b::bytea)""")
OWNERS_OF_KEYS = Query("""
    SELECT organization_id, key_hash FROM ingress.api_key_directory WHERE key_hash = ANY (%(hashes)b::bytea[])""")
LIST_KEY = Query("""
    INSERT INTO ingress.api_key_directory (key_hash, organization_id)
    VALUES (%(hash)b::bytea, %(organization)b::uuid)""")
UNLIST_KEY = Query("""
    DELETE FROM ingress.api_key_directory
    WHERE key_hash = %(hash)b::bytea AND organization_id = %(organization)b::uuid""")

# People -----------------------------------------------------------------------------------------------------------
USER = Query(f"""
    SELECT {USER_COLUMNS} FROM ingress.user_account u
    WHERE organization_id = %(organization)b::uuid AND user_id = %(user)b::uuid""")
USER_WITH_EMAIL = Query(f"""
    SELECT {USER_COLUMNS} FROM ingress.user_account u
    WHERE organization_id = %(organization)b::uuid AND email = %(email)b::text""")
LIST_USERS = Query(f"""
    SELECT {USER_COLUMNS} FROM ingress.user_account u
    WHERE organization_id = %(organization)b::uuid AND email > %(after)b::text
    ORDER BY email LIMIT %(limit)b::bigint OFFSET %(skip)b::bigint""")
COUNT_USERS = Query("SELECT count(*) FROM ingress.user_account WHERE organization_id = %(organization)b::uuid")
COUNT_KEEPERS = Query("""
    SELECT count(*) FROM ingress.user_account
    WHERE organization_id = %(organization)b::uuid AND role = %(role)b::text AND is_active""")
ADD_USER = Query("""
    INSERT INTO ingress.user_account (organization_id, user_id, email, name, role, password_hash, is_active)
    VALUES (%(organization)b::uuid, %(user)b::uuid, %(email)b::text, %(name)b::text, %(role)b::text,
            %(password)b::text, %(is_active)b::bool)""")
PUT_USER = Query("""
    UPDATE ingress.user_account SET
      name = %(name)b::text, role = %(role)b::text, password_hash = %(password)b::text,
      is_active = %(is_active)b::bool, failures = %(failures)b::int, locks = %(locks)b::int,
      locked_until = %(locked_until)b::timestamptz, last_login_at = %(last_login_at)b::timestamptz, updated_at = now()
    WHERE organization_id = %(organization)b::uuid AND user_id = %(user)b::uuid""")

# Sessions ---------------------------------------------------------------------------------------------------------
LINK = Query(f"""
    SELECT {LINK_COLUMNS}, {USER_COLUMNS}
    FROM ingress.refresh_token t JOIN ingress.user_account u
      ON u.organization_id = t.organization_id AND u.user_id = t.user_id
    WHERE t.organization_id = %(organization)b::uuid AND t.token_hash = %(hash)b::bytea""")
ADD_LINK = Query("""
    INSERT INTO ingress.refresh_token (organization_id, token_hash, family_id, user_id, issued_at, expires_at)
    VALUES (%(organization)b::uuid, %(hash)b::bytea, %(family)b::uuid, %(user)b::uuid, %(issued_at)b::timestamptz,
            %(expires_at)b::timestamptz)""")
USE_LINK = Query("""
    UPDATE ingress.refresh_token SET used_at = %(at)b::timestamptz
    WHERE organization_id = %(organization)b::uuid AND token_hash = %(hash)b::bytea""")
END_FAMILY = Query("""
    UPDATE ingress.refresh_token SET revoked_at = now()
    WHERE organization_id = %(organization)b::uuid AND family_id = %(family)b::uuid AND revoked_at IS NULL""")
END_SESSIONS = Query("""
    UPDATE ingress.refresh_token SET revoked_at = now()
    WHERE organization_id = %(organization)b::uuid AND user_id = %(user)b::uuid AND revoked_at IS NULL""")
# A login is the moment to sweep: links that have ended tell nothing any more.
DROP_OLD_LINKS = Query("""
    DELETE FROM ingress.refresh_token
    WHERE organization_id = %(organization)b::uuid AND user_id = %(user)b::uuid
      AND expires_at < %(issued_at)b::timestamptz""")

# Invitations ------------------------------------------------------------------------------------------------------
INVITATION = Query(f"""
    SELECT {INVITATION_COLUMNS} FROM ingress.invitation
    WHERE organization_id = %(organization)b::uuid AND invitation_id = %(invitation)b::uuid""")
INVITATION_WITH_TOKEN = Query(f"""
    SELECT {INVITATION_COLUMNS} FROM ingress.invitation
    WHERE organization_id = %(organization)b::uuid AND token_hash = %(hash)b::bytea""")
LIST_INVITATIONS = Query(f"""
    SELECT {INVITATION_COLUMNS} FROM ingress.invitation
    WHERE organization_id = %(organization)b::uuid AND accepted_at IS NULL AND revoked_at IS NULL
    ORDER BY created_at DESC, invitation_id""")
ADD_INVITATION = Query("""
    INSERT INTO ingress.invitation (organization_id, invitation_id, email, name, role, token_hash, invited_by,
                                    expires_at)
    VALUES (%(organization)b::uuid, %(invitation)b::uuid, %(email)b::text, %(name)b::text, %(role)b::text,
            %(hash)b::bytea, %(invited_by)b::text, %(expires_at)b::timestamptz)""")
REVOKE_INVITATIONS_OF_EMAIL = Query("""
    UPDATE ingress.invitation SET revoked_at = now()
    WHERE organization_id = %(organization)b::uuid AND email = %(email)b::text
      AND accepted_at IS NULL AND revoked_at IS NULL""")
REVOKE_INVITATION = Query("""
    UPDATE ingress.invitation SET revoked_at = now()
    WHERE organization_id = %(organization)b::uuid AND invitation_id = %(invitation)b::uuid""")
ACCEPT_INVITATION = Query("""
    UPDATE ingress.invitation SET accepted_at = now()
    WHERE organization_id = %(organization)b::uuid AND invitation_id = %(invitation)b::uuid""")

# Keys -------------------------------------------------------------------------------------------------------------
KEY = Query(f"""
    SELECT {KEY_COLUMNS} FROM ingress.api_key
    WHERE organization_id = %(organization)b::uuid AND key_id = %(key)b::uuid AND revoked_at IS NULL""")
KEYS_BY_HASH = Query(f"""
    SELECT k.organization_id, {KEY_COLUMNS}
    FROM unnest(%(organizations)b::uuid[], %(hashes)b::bytea[]) w(organization_id, hash)
    JOIN ingress.api_key k
      ON k.organization_id = w.organization_id AND k.key_hash = w.hash AND k.revoked_at IS NULL""")
# Coarse: a key that is used all day writes six times an hour.
NOTE_USE = Query("""
    UPDATE ingress.api_key k SET last_used_at = now()
    FROM unnest(%(organizations)b::uuid[], %(hashes)b::bytea[]) w(organization_id, hash)
    WHERE k.organization_id = w.organization_id AND k.key_hash = w.hash AND k.revoked_at IS NULL
      AND coalesce(k.last_used_at < now() - interval '10 min', true)""")
LIST_KEYS = Query(f"""
    SELECT {KEY_COLUMNS} FROM ingress.api_key
    WHERE organization_id = %(organization)b::uuid AND revoked_at IS NULL ORDER BY name""")
ADD_KEY = Query("""
    INSERT INTO ingress.api_key (organization_id, key_id, name, scopes, key_hash, requests_per_minute, created_by,
                                 created_at, expires_at)
    VALUES (%(organization)b::uuid, %(key)b::uuid, %(name)b::text, %(scopes)b::text[], %(hash)b::bytea,
            %(requests_per_minute)b::int, %(created_by)b::text, %(created_at)b::timestamptz,
            %(expires_at)b::timestamptz)""")
PUT_KEY = Query("""
    UPDATE ingress.api_key SET scopes = %(scopes)b::text[], key_hash = %(hash)b::bytea,
      requests_per_minute = %(requests_per_minute)b::int, revoked_at = %(revoked_at)b::timestamptz
    WHERE organization_id = %(organization)b::uuid AND key_id = %(key)b::uuid""")
# A key that has ended leaves its name, and a text that was chosen for it, to the next one.
REVOKE_ENDED_KEY = Query("""
    WITH ended AS (
      UPDATE ingress.api_key SET revoked_at = %(created_at)b::timestamptz
      WHERE organization_id = %(organization)b::uuid AND name = %(name)b::text AND revoked_at IS NULL
        AND expires_at <= %(created_at)b::timestamptz
      RETURNING organization_id, key_hash)
    DELETE FROM ingress.api_key_directory d USING ended
    WHERE d.key_hash = ended.key_hash AND d.organization_id = ended.organization_id""")
