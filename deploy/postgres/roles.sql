-- THE TRUST MAP: schemas, roles, verbs per table, row-level security. The only place that grants.
-- Run by services.chassis.migrate before and after the rooms' migrations; safe to repeat.
--
-- A grant is a decision: name the verbs per table in app.trust below. No role reads another room's schema.
-- No role has TRUNCATE, REFERENCES or TRIGGER; nothing is granted to PUBLIC.
-- svc_<room> is the service, svc_<room>_ro its read-only twin, for people who look (docs/operators.md).

-- Roles ------------------------------------------------------------------------------------------------------------
DO $$
DECLARE
  role_name text;
BEGIN
  -- Owns every schema and table; nobody logs in as it. Migrations SET ROLE to it.
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wa_owner') THEN
    CREATE ROLE wa_owner NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
  FOREACH role_name IN ARRAY ARRAY['svc_ingress', 'svc_router', 'svc_executor', 'svc_sender', 'svc_analytics',
      'svc_ingress_ro', 'svc_router_ro', 'svc_executor_ro', 'svc_sender_ro', 'svc_analytics_ro'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT', role_name);
    END IF;
  END LOOP;
END $$;

-- Statements of the road look up a batch's rows by their keys, and have one good plan for any number of items. Made anew
-- for each array, planning a batch of one costs as much as running it; made while a table was empty (it fills faster than
-- autovacuum comes to tell the planner), a plan would scan the tenant and hash. So: planned once, index and nested loop.
-- (analytics' reports are planned for what is asked, and may scan.)
DO $$
DECLARE
  role_name text;
  setting text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['svc_ingress', 'svc_router', 'svc_executor', 'svc_sender'] LOOP
    EXECUTE format('ALTER ROLE %I SET plan_cache_mode = force_generic_plan', role_name);
    FOREACH setting IN ARRAY ARRAY['enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin', 'enable_mergejoin'] LOOP
      EXECUTE format('ALTER ROLE %I SET %I = off', role_name, setting);
    END LOOP;
  END LOOP;
END $$;

-- A twin's grants are SELECT only; that it begins read-only is the second lock. What a person forgot, or asked too much
-- of, ends by itself: it would keep the services' dead rows from being cleaned.
DO $$
DECLARE
  role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['svc_ingress_ro', 'svc_router_ro', 'svc_executor_ro', 'svc_sender_ro',
      'svc_analytics_ro'] LOOP
    EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', role_name);
    EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', role_name, '60s');
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', role_name, '60s');
  END LOOP;
END $$;

-- Schemas ----------------------------------------------------------------------------------------------------------
REVOKE ALL ON SCHEMA public FROM PUBLIC;
DO $$
DECLARE
  room text;
BEGIN
  FOREACH room IN ARRAY ARRAY['ingress', 'router', 'executor', 'sender', 'analytics'] LOOP
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION wa_owner', room);
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', room);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I, %I', room, 'svc_' || room, 'svc_' || room || '_ro');
  END LOOP;
END $$;
CREATE SCHEMA IF NOT EXISTS app AUTHORIZATION wa_owner;
REVOKE ALL ON SCHEMA app FROM PUBLIC;
GRANT USAGE ON SCHEMA app TO svc_ingress, svc_router, svc_executor, svc_sender, svc_analytics;

-- Partitions -------------------------------------------------------------------------------------------------------
-- Creates partitions of a RANGE-partitioned table from the present period to `ahead` periods later. SECURITY DEFINER
-- because only the owner may create tables; the owner is no superuser and is itself under FORCE row-level security.
CREATE OR REPLACE FUNCTION app.ensure_partitions(parent regclass, period text, ahead int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  schema_name text;
  table_name text;
  first_day timestamptz;
  partition text;
  step interval := ('1 ' || period)::interval;
  guarded boolean;
BEGIN
  IF period NOT IN ('week', 'month') THEN
    RAISE EXCEPTION 'period is %, use week or month', period;
  END IF;
  SELECT n.nspname, c.relname, c.relrowsecurity INTO schema_name, table_name, guarded
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = parent;
  IF schema_name NOT IN ('ingress', 'router', 'executor', 'sender', 'analytics') THEN
    RAISE EXCEPTION 'table % is none of ours', parent;
  END IF;
  -- Two processes that start at once take turns.
  PERFORM pg_advisory_xact_lock(hashtext(parent::text));
  FOR offset_periods IN -1..ahead LOOP
    first_day := date_trunc(period, now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + offset_periods * step;
    partition := table_name || to_char(first_day AT TIME ZONE 'UTC', '_YYYYMMDD');
    IF to_regclass(format('%I.%I', schema_name, partition)) IS NULL THEN
      EXECUTE format('CREATE TABLE %I.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                     schema_name, partition, parent, first_day, first_day + step);
      EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', schema_name, partition);
      EXECUTE format('ALTER TABLE %I.%I FORCE ROW LEVEL SECURITY', schema_name, partition);
    END IF;
  END LOOP;
END $$;
ALTER FUNCTION app.ensure_partitions(regclass, text, int) OWNER TO wa_owner;
REVOKE ALL ON FUNCTION app.ensure_partitions(regclass, text, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.ensure_partitions(regclass, text, int)
  TO svc_ingress, svc_router, svc_executor, svc_sender, svc_analytics;

-- Raises when a statement touched fewer rows than it had to: somebody else holds a lane, or changed a state. It ends the
-- transaction from within, so that the commit may travel together with the statements it depends on.
CREATE OR REPLACE FUNCTION app.fence(touched bigint, wanted bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF touched <> wanted THEN
    RAISE EXCEPTION 'fenced: % of % rows', touched, wanted USING ERRCODE = 'PT001';
  END IF;
  RETURN true;
END $$;
ALTER FUNCTION app.fence(bigint, bigint) OWNER TO wa_owner;
REVOKE ALL ON FUNCTION app.fence(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.fence(bigint, bigint) TO svc_ingress, svc_executor, svc_sender;

-- Drops partitions of a lane box whose newest possible item is older than `days`, unless an unfinished lane still points
-- into them (such a lane is an alarm, not rubbish).
CREATE OR REPLACE FUNCTION app.drop_old_items(parent regclass, days int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  child record;
  lane_table text := regexp_replace(parent::text, '_item$', '_lane');
  is_needed boolean;
  key_column text;
  dropped int := 0;
BEGIN
  IF parent::text !~ '^(ingress|executor|sender)\.[a-z_]+_item$' THEN
    RAISE EXCEPTION 'table % holds no lane items', parent;
  END IF;
  -- The group's column is the first of the lane's key.
  SELECT attname INTO key_column FROM pg_attribute WHERE attrelid = lane_table::regclass AND attnum = 1;
  FOR child IN
    SELECT c.oid::regclass AS name
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = parent
      AND (regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$TO \('([^']+)'\)$re$))[1]::timestamptz
          <= now() - days * interval '1 day'
  LOOP
    -- Position alone decides. Row-level security would hide both from the owner, and what is hidden looks finished. The
    -- lanes first, as everybody who writes locks them.
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', lane_table);
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', child.name);
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s l JOIN %s i ON i.%I = l.%I AND i.lane_id = l.lane_id '
                   'AND i.pos > l.head WHERE l.head < l.tail)', lane_table, child.name, key_column, key_column)
      INTO is_needed;
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', child.name);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', lane_table);
    IF NOT is_needed THEN
      EXECUTE format('DROP TABLE %s', child.name);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  RETURN dropped;
END $$;
ALTER FUNCTION app.drop_old_items(regclass, int) OWNER TO wa_owner;
REVOKE ALL ON FUNCTION app.drop_old_items(regclass, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.drop_old_items(regclass, int) TO svc_ingress, svc_executor, svc_sender;

-- Verbs per table --------------------------------------------------------------------------------------------------
-- scope: tenant  = rows are seen and written only for the organizations the transaction named;
--        house   = the same; but a transaction that named nobody works for the whole house: lanes are claimed, and
--                  numbers looked up, before it is known for whom. Ids, counters, names, sealed secrets: no content;
--        control = rows of before the organization is known: the owning service sees all of them, nobody else any.
DROP TABLE IF EXISTS pg_temp.trust;
CREATE TEMP TABLE trust (role_name text, table_name text, verbs text, scope text, is_shown boolean) ON COMMIT DROP;
-- DELETE on items, lanes and messages is for erasures and retention alone (docs/decisions/0021-erasing-a-person.md): the
-- road itself only adds, and drops whole partitions.
INSERT INTO trust VALUES
  -- ingress accepts: it knows a number, not yet an organization.
  ('svc_ingress', 'ingress.out_lane', 'SELECT, INSERT, UPDATE, DELETE', 'control'),
  ('svc_ingress', 'ingress.out_item', 'SELECT, INSERT, DELETE', 'control'),
  ('svc_ingress', 'ingress.out_dead', 'SELECT, INSERT, UPDATE, DELETE', 'control'),
  ('svc_ingress', 'ingress.status_lane', 'SELECT, INSERT, UPDATE, DELETE', 'control'),
  ('svc_ingress', 'ingress.status_item', 'SELECT, INSERT, DELETE', 'control'),
  ('svc_ingress', 'ingress.status_dead', 'SELECT, INSERT, UPDATE, DELETE', 'control'),
  ('svc_ingress', 'ingress.event', 'SELECT, INSERT, UPDATE, DELETE', 'control'),
  ('svc_ingress', 'ingress.door', 'SELECT, INSERT, UPDATE, DELETE', 'control'),
  ('svc_ingress', 'ingress.meta_app', 'SELECT, INSERT, UPDATE', 'house'),
  -- Erasures and what they came to; when each is to be gone on with, which is asked before an organization is named.
  ('svc_ingress', 'ingress.privacy_job', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_ingress', 'ingress.privacy_due', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  -- Answers that repeats get again, for a day; and whose there are any, which is asked before an organization is named.
  ('svc_ingress', 'ingress.kept_answer', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_ingress', 'ingress.kept_answer_owner', 'SELECT, INSERT, DELETE', 'house'),
  ('svc_ingress', 'ingress.receipt', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_ingress', 'ingress.audit_event', 'SELECT, INSERT', 'tenant'),
  -- Whose a login or a key is must be found before the tenant is known: names, hashes and ids.
  ('svc_ingress', 'ingress.organization_name', 'SELECT, INSERT, UPDATE', 'house'),
  ('svc_ingress', 'ingress.login_directory', 'SELECT, INSERT', 'house'),
  ('svc_ingress', 'ingress.api_key_directory', 'SELECT, INSERT, DELETE', 'house'),
  ('svc_ingress', 'ingress.user_account', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_ingress', 'ingress.refresh_token', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_ingress', 'ingress.invitation', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_ingress', 'ingress.api_key', 'SELECT, INSERT, UPDATE', 'tenant'),
  -- router routes.
  ('svc_router', 'router.organization', 'SELECT, INSERT, UPDATE', 'house'),
  ('svc_router', 'router.number_directory', 'SELECT, INSERT', 'house'),
  -- As number_directory: news of templates name an account only.
  ('svc_router', 'router.account_directory', 'SELECT, INSERT', 'house'),
  ('svc_router', 'router.number', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_router', 'router.chatbot', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_router', 'router.keyword_trigger', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_router', 'router.flow_trigger', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_router', 'router.contact', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_router', 'router.contact_identity', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_router', 'router.conversation', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_router', 'router.conversation_note', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_router', 'router.erased_identity', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_router', 'router.applied_order', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_router', 'router.department', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_router', 'router.queue', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_router', 'router.agent', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_router', 'router.queue_entry', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_router', 'router.queue_change', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  -- Whose queues have work is asked before an organization is named: ids.
  ('svc_router', 'router.queue_owner', 'SELECT, INSERT', 'house'),
  ('svc_router', 'router.receipt', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_router', 'router.audit_event', 'SELECT, INSERT', 'tenant'),
  -- executor executes.
  ('svc_executor', 'executor.inbox_lane', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  ('svc_executor', 'executor.inbox_item', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_executor', 'executor.inbox_dead', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_executor', 'executor.outbox_lane', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  ('svc_executor', 'executor.outbox_item', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_executor', 'executor.outbox_dead', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_executor', 'executor.records_lane', 'SELECT, INSERT, UPDATE', 'house'),
  ('svc_executor', 'executor.records_item', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_executor', 'executor.records_dead', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_executor', 'executor.effects_lane', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  ('svc_executor', 'executor.effects_item', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_executor', 'executor.effects_dead', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_executor', 'executor.notices_lane', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  ('svc_executor', 'executor.notices_item', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_executor', 'executor.notices_dead', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_executor', 'executor.secret', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  -- As sender.credential_owner.
  ('svc_executor', 'executor.secret_owner', 'SELECT, INSERT', 'house'),
  ('svc_executor', 'executor.flow', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_executor', 'executor.flow_version', 'SELECT, INSERT', 'tenant'),
  -- People who are taken along to another version; which of it is to go on is asked before an organization is named.
  ('svc_executor', 'executor.flow_migration', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_executor', 'executor.flow_migration_due', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  ('svc_executor', 'executor.conversation_states', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_executor', 'executor.timer', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  ('svc_executor', 'executor.receipt', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_executor', 'executor.audit_event', 'SELECT, INSERT', 'tenant'),
  -- sender delivers.
  ('svc_sender', 'sender.inbox_lane', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  ('svc_sender', 'sender.inbox_item', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_sender', 'sender.inbox_dead', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.records_lane', 'SELECT, INSERT, UPDATE', 'house'),
  ('svc_sender', 'sender.records_item', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_sender', 'sender.records_dead', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.failures_lane', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  ('svc_sender', 'sender.failures_item', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_sender', 'sender.failures_dead', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.hooks_lane', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  ('svc_sender', 'sender.hooks_item', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_sender', 'sender.hooks_dead', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.webhook', 'SELECT, INSERT, UPDATE', 'tenant'),
  -- Ids and positions: which organizations' changes are to be told is asked before one is named; re-sealing asks too.
  ('svc_sender', 'sender.webhook_feed', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  ('svc_sender', 'sender.campaign', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_sender', 'sender.campaign_recipient', 'SELECT, INSERT, UPDATE', 'tenant'),
  -- Ids and moments: turns are taken for the whole house.
  ('svc_sender', 'sender.campaign_turn', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  ('svc_sender', 'sender.campaign_hour', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.credential', 'SELECT, INSERT, UPDATE', 'tenant'),
  -- Ids of organizations with credentials: what re-sealing names, for it may see nobody's row without naming them.
  ('svc_sender', 'sender.credential_owner', 'SELECT, INSERT', 'house'),
  ('svc_sender', 'sender.message', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_sender', 'sender.message_wamid', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.media', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_sender', 'sender.media_piece', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_sender', 'sender.media_upload', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.media_policy', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.received_media', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  -- Ids and times only: which file is to be fetched next is asked before an organization is named.
  ('svc_sender', 'sender.received_media_due', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  ('svc_sender', 'sender.pair', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.parked_status', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_sender', 'sender.erased_recipient', 'SELECT, INSERT, UPDATE', 'tenant'),
  -- What is paused and what waits beside its lane is looked for before an organization is named: ids, codes, moments.
  ('svc_sender', 'sender.pause', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  ('svc_sender', 'sender.deferred', 'SELECT, INSERT, UPDATE, DELETE', 'house'),
  -- Accounts whose templates are due are looked for before an organization is named: ids and moments.
  ('svc_sender', 'sender.template_account', 'SELECT, INSERT, UPDATE', 'house'),
  ('svc_sender', 'sender.template', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.number', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_sender', 'sender.portfolio', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_sender', 'sender.opt_out', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.alias', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.reached', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.reached_count', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.receipt', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_sender', 'sender.audit_event', 'SELECT, INSERT', 'tenant'),
  -- analytics records.
  ('svc_analytics', 'analytics.audit_event', 'SELECT, INSERT', 'tenant'),
  ('svc_analytics', 'analytics.receipt', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_analytics', 'analytics.conversation_logs', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_analytics', 'analytics.conversation_count', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_analytics', 'analytics.flow_day', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_analytics', 'analytics.node_day', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_analytics', 'analytics.edge_day', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_analytics', 'analytics.conversation_day', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_analytics', 'analytics.audience_day', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_analytics', 'analytics.segment_count', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_analytics', 'analytics.delivery_day', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_analytics', 'analytics.message_hour', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_analytics', 'analytics.agent_day', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_analytics', 'analytics.failure_day', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_analytics', 'analytics.cost_day', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_analytics', 'analytics.campaign_count', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_analytics', 'analytics.campaign_failure', 'SELECT, INSERT, UPDATE', 'tenant'),
  ('svc_analytics', 'analytics.flow_contact', 'SELECT, INSERT, UPDATE, DELETE', 'tenant'),
  ('svc_analytics', 'analytics.contact_day', 'SELECT, INSERT, DELETE', 'tenant'),
  ('svc_analytics', 'analytics.organization_zone', 'SELECT, INSERT, UPDATE', 'tenant');

-- A twin reads what its service reads, by the same policies; but no secrets, even sealed, and of what lies before the
-- organization is known only ids and counters.
UPDATE trust SET is_shown = CASE scope
  WHEN 'control' THEN table_name IN ('ingress.out_lane', 'ingress.status_lane', 'ingress.door')
  ELSE table_name NOT IN (
    'ingress.meta_app', 'ingress.user_account', 'ingress.refresh_token', 'ingress.invitation', 'ingress.api_key',
    'ingress.api_key_directory', 'ingress.login_directory', 'ingress.kept_answer', 'sender.credential', 'sender.webhook',
    'executor.secret') END;

DO $$
DECLARE
  entry record;
  twin text;
  readers text;
  rule text;
BEGIN
  FOR entry IN SELECT * FROM trust LOOP
    CONTINUE WHEN to_regclass(entry.table_name) IS NULL;
    twin := entry.role_name || '_ro';
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, %I, %I', entry.table_name, entry.role_name, twin);
    EXECUTE format('GRANT %s ON %s TO %I', entry.verbs, entry.table_name, entry.role_name);
    readers := quote_ident(entry.role_name);
    IF entry.is_shown THEN
      EXECUTE format('GRANT SELECT ON %s TO %I', entry.table_name, twin);
      readers := readers || ', ' || quote_ident(twin);
    END IF;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', entry.table_name);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', entry.table_name);
    -- NULLIF: after the first SET LOCAL has ended the setting is '' and not NULL. A sub-select is evaluated once a
    -- statement. Where nobody is named, a tenant's table shows no row.
    rule := CASE entry.scope
      WHEN 'tenant' THEN
        'organization_id = ANY ((SELECT string_to_array(NULLIF(current_setting(''app.organization_ids'', true), ''''),'
        ' '','')::uuid[])::uuid[])'
      WHEN 'house' THEN
        '(SELECT NULLIF(current_setting(''app.organization_ids'', true), '''') IS NULL) OR '
        'organization_id = ANY ((SELECT string_to_array(NULLIF(current_setting(''app.organization_ids'', true), ''''),'
        ' '','')::uuid[])::uuid[])'
      WHEN 'control' THEN 'true' END;
    EXECUTE format('DROP POLICY IF EXISTS tenant ON %s', entry.table_name);
    EXECUTE format('DROP POLICY IF EXISTS house ON %s', entry.table_name);
    EXECUTE format('DROP POLICY IF EXISTS control ON %s', entry.table_name);
    EXECUTE format('CREATE POLICY %I ON %s TO %s USING (%s) WITH CHECK (%s)',
                   entry.scope, entry.table_name, readers, rule, rule);
  END LOOP;
END $$;
