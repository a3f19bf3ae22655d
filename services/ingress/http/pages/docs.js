// Writes the page from /openapi.json. Everything is set as text, never as markup; nothing is loaded from elsewhere.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function resolve(api, schema) {
  let found = schema || {};
  while (found.$ref) found = found.$ref.slice(2).split("/").reduce((node, key) => node[key], api);
  return found;
}

// An example value of a schema: its own example where there is one, otherwise built from its parts.
function example(api, schema, depth = 0) {
  const found = resolve(api, schema);
  if (found.examples && found.examples.length) return found.examples[0];
  if ("const" in found) return found.const;
  if ("default" in found) return found.default;
  if (found.enum) return found.enum[0];
  if (found.properties && depth <= 6) {
    const entries = Object.entries(found.properties);
    return Object.fromEntries(entries.map(([name, part]) => [name, example(api, part, depth + 1)]));
  }
  const choices = found.anyOf || found.oneOf;
  if (choices) return example(api, choices.find((one) => one.type !== "null") || choices[0], depth);
  if (depth > 6) return null;
  if (found.type === "array") return [example(api, found.items, depth + 1)];
  return { string: "text", integer: 0, number: 0, boolean: true, object: {} }[found.type] ?? null;
}

function typeName(api, schema) {
  const found = resolve(api, schema);
  const choices = found.anyOf || found.oneOf;
  if (choices) return choices.map((one) => typeName(api, one)).join(" or ");
  const limits = [];
  if (found.minimum !== undefined) limits.push(`at least ${found.minimum}`);
  if (found.maximum !== undefined) limits.push(`at most ${found.maximum}`);
  if (found.maxLength !== undefined) limits.push(`at most ${found.maxLength} characters`);
  if (found.default !== undefined && found.default !== null) limits.push(`default ${found.default}`);
  if (found.enum) limits.push(found.enum.join(", "));
  return [found.format || found.type || "any", ...limits].join(", ");
}

function table(heads, rows) {
  const head = element("tr", {}, ...heads.map((text) => element("th", {}, text)));
  const lines = rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines));
}

// The examples of a body, one for each error code that it may tell.
function examplesOf(api, content) {
  const media = Object.values(content || {})[0];
  if (!media) return [];
  const values = media.examples
    ? Object.values(media.examples).map((one) => one.value)
    : [media.example ?? example(api, media.schema)];
  return values.map((value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2)));
}

function fieldsOf(api, schema) {
  const found = resolve(api, schema);
  const rows = Object.entries(found.properties || {}).map(([name, part]) => [
    element("code", {}, name), typeName(api, part), part.description || resolve(api, part).description || "",
  ]);
  return rows.length ? table(["field", "type", ""], rows) : null;
}

function parameterInputs(api, parameters) {
  const inputs = new Map();
  const rows = parameters.map((one) => {
    const input = element("input", { "aria-label": one.name, placeholder: one.required ? "required" : "" });
    inputs.set(one, input);
    const name = element("code", {}, one.name);
    return [name, one.in, typeName(api, one.schema), one.description || one.schema.description || "", input];
  });
  return { inputs, view: rows.length ? table(["parameter", "in", "type", "", "value"], rows) : null };
}

async function call(method, path, inputs, body, output) {
  const query = new URLSearchParams();
  const headers = {};
  let url = path;
  for (const [one, input] of inputs) {
    if (!input.value) continue;
    if (one.in === "path") url = url.replace(`{${one.name}}`, encodeURIComponent(input.value));
    if (one.in === "query") query.set(one.name, input.value);
    if (one.in === "header") headers[one.name] = input.value;
  }
  const token = document.getElementById("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  const suffix = query.toString() ? `?${query}` : "";
  const answer = await fetch(url + suffix, { method: method.toUpperCase(), headers, body: body ? body.value : undefined });
  const text = await answer.text();
  let shown = text;
  try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
  output.textContent = `${answer.status}\n${shown}`;
}

function tryIt(api, method, path, operation, inputs) {
  const [text] = examplesOf(api, operation.requestBody && operation.requestBody.content);
  const body = text !== undefined ? element("textarea", { rows: "8", "aria-label": "body" }) : null;
  if (body) body.value = text;
  const output = element("pre", { "aria-live": "polite", hidden: "" });
  const button = element("button", { type: "button" }, "Send");
  button.addEventListener("click", async () => {
    output.hidden = false;
    output.textContent = "…";
    await call(method, path, inputs, body, output).catch((error) => { output.textContent = String(error); });
  });
  return [body ? element("h4", {}, "Body") : null, body, button, output];
}

function responses(api, operation) {
  return Object.entries(operation.responses).map(([status, response]) => {
    const schema = Object.values(response.content || {})[0]?.schema;
    return element(
      "details", {}, element("summary", {}, `${status}  ${response.description || ""}`),
      ...examplesOf(api, response.content).map((text) => element("pre", {}, text)),
      schema ? fieldsOf(api, schema) : null,
    );
  });
}

function operationView(api, path, method, operation, shared) {
  const { inputs, view } = parameterInputs(api, [...shared, ...(operation.parameters || [])]);
  const lock = operation.security && operation.security.length ? " · token" : "";
  const bodySchema = Object.values((operation.requestBody && operation.requestBody.content) || {})[0]?.schema;
  return element(
    "details", { id: operation.operationId },
    element(
      "summary", {}, element("span", { class: "method" }, method.toUpperCase()), element("code", {}, path),
      element("span", { class: "quiet" }, `  ${operation.summary || ""}${lock}`),
    ),
    element("p", {}, operation.description || ""), view, bodySchema ? fieldsOf(api, bodySchema) : null,
    ...tryIt(api, method, path, operation, inputs), element("h4", {}, "Answers"), ...responses(api, operation),
  );
}

function operationsOf(api) {
  return Object.entries(api.paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) => ({
      path, method, operation: methods[method], shared: methods.parameters || [],
    })),
  );
}

async function write() {
  const api = await (await fetch("/openapi.json")).json();
  document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
  document.getElementById("description").textContent = `${api.info.summary || ""}. ${api.info.description || ""}`;
  const main = document.getElementById("operations");
  const list = element("ul");
  const all = operationsOf(api);
  for (const tag of api.tags || []) {
    main.append(element("h2", {}, tag.name), element("p", {}, tag.description || ""));
    for (const { path, method, operation, shared } of all.filter((one) => (one.operation.tags || []).includes(tag.name))) {
      const view = operationView(api, path, method, operation, shared);
      const link = element("a", { href: `#${operation.operationId}` }, `${method.toUpperCase()} ${path}`);
      link.addEventListener("click", () => { view.open = true; });
      list.append(element("li", {}, link));
      main.append(view);
    }
  }
  document.getElementById("contents").append(list);
}

write().catch((error) => { document.getElementById("description").textContent = `Cannot read /openapi.json: ${error}`; });
document.getElementById("bearer").addEventListener("submit", (event) => event.preventDefault());
