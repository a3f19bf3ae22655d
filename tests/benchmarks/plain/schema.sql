CREATE TABLE flow (
  flow_id uuid PRIMARY KEY, organization_id uuid NOT NULL, name text NOT NULL, document jsonb NOT NULL);
CREATE TABLE number (
  phone_number_id text PRIMARY KEY, organization_id uuid NOT NULL, access_token text NOT NULL,
  flow_id uuid NOT NULL REFERENCES flow);
CREATE TABLE event (
  event_id text PRIMARY KEY, organization_id uuid NOT NULL, payload bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now());
-- No changing column is in an index, so that updates stay in the page (HOT).
CREATE TABLE state (
  organization_id uuid NOT NULL, phone_number text NOT NULL, flow_id uuid NOT NULL,
  node_id text, variables jsonb NOT NULL, execution_path jsonb NOT NULL, is_active bool NOT NULL,
  session_expires_at timestamptz NOT NULL, last_message_at timestamptz NOT NULL DEFAULT now(), revision bigint NOT NULL,
  PRIMARY KEY (organization_id, phone_number, flow_id)) WITH (fillfactor = 70);
CREATE TABLE log (
  log_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id uuid NOT NULL, phone_number_id text NOT NULL, phone_number text NOT NULL, flow_id uuid NOT NULL,
  node_id text NOT NULL, user_message text NOT NULL, bot_response text NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT now(), sent_at timestamptz) WITH (fillfactor = 80);
CREATE INDEX log_phone ON log (organization_id, phone_number, occurred_at);
-- What a crash left unsent is found by this at the next start.
CREATE INDEX log_unsent ON log (log_id) WHERE sent_at IS NULL;
