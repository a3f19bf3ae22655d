// The phone page. It knows nothing of PyTake: it posts to /phone/api and shows the bubbles that come back.

const $ = (id) => document.getElementById(id);
const remembered = (key, fallback) => localStorage.getItem(`phone.${key}`) ?? fallback;
const remember = (key, value) => localStorage.setItem(`phone.${key}`, value);

const me = {
  number: remembered("number", "+55 11 91234-5678"),
  name: remembered("name", "Ana"),
};
const TICKS = { pending: ["◷", "waiting"], sent: ["✓", "sent"], delivered: ["✓✓", "delivered"], read: ["✓✓", "read"] };
const TYPING_MS = 25000; // WhatsApp shows it until the reply, 25 seconds at most

let stream = null;
let sequence = 0;
let typingTimer = 0;

const place = () =>
  `/phone/api/${encodeURIComponent($("business").value)}/${encodeURIComponent(me.number.replace(/[^0-9]/g, ""))}`;

async function call(path, options) {
  const answer = await fetch(path, options);
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.detail ?? answer.statusText);
  return value;
}

async function send(message) {
  try {
    await call(`${place()}/messages`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...message, name: me.name }),
    });
  } catch (error) {
    say(`Not sent: ${error.message}`);
    throw error;
  }
}

function say(text) {
  $("subtitle").textContent = text;
}

function showQuiet() {
  clearTimeout(typingTimer);
  say($("business").selectedOptions[0]?.dataset.display ?? "");
}

function showTyping() {
  clearTimeout(typingTimer);
  say("typing…");
  typingTimer = setTimeout(showQuiet, TYPING_MS);
}

// Bubbles

function draw(bubble, isNew) {
  const old = document.querySelector(`[data-id="${CSS.escape(bubble.id)}"]`);
  const item = old ?? $("bubble-template").content.firstElementChild.cloneNode(true);
  item.dataset.id = bubble.id;
  item.classList.toggle("mine", bubble.is_mine);
  item.querySelector(".head").textContent = bubble.header;
  item.querySelector(".words").textContent = bubble.text;
  item.querySelector(".foot").textContent = bubble.footer;
  const time = item.querySelector("time");
  time.dateTime = new Date(bubble.at).toISOString();
  time.textContent = new Date(bubble.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  drawTicks(item.querySelector(".ticks"), bubble);
  if (!old) put(item, bubble, isNew);
}

function drawTicks(ticks, bubble) {
  const [sign, meaning] = TICKS[bubble.status] ?? ["", ""];
  ticks.textContent = sign;
  ticks.className = `ticks ${bubble.status}`;
  ticks.setAttribute("role", "img");
  ticks.setAttribute("aria-label", meaning);
  ticks.hidden = !sign;
}

function put(item, bubble, isNew) {
  const last = $("bubbles").lastElementChild;
  item.classList.toggle("turn", !last || last.classList.contains("mine") !== bubble.is_mine);
  item.classList.toggle("new", isNew);
  item.querySelector(".choices").append(...choiceButtons(bubble));
  $("bubbles").append(item);
  $("scroller").scrollTop = $("scroller").scrollHeight;
}

function choiceButtons(bubble) {
  if (bubble.list_label && bubble.choices.length) {
    return [button(`☰ ${bubble.list_label}`, () => openSheet(bubble))];
  }
  const idle = bubble.buttons.map((label) => Object.assign(button(label), { disabled: true }));
  return [...bubble.choices.map((choice) => button(choice.title, () => tap(choice))), ...idle];
}

function button(label, onClick, className = "") {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.textContent = label;
  if (onClick) made.addEventListener("click", onClick);
  return made;
}

const tap = ({ kind, id, title }) => send({ reply: { kind, id, title } }).catch(() => {});

function openSheet(bubble) {
  $("sheet-title").textContent = bubble.list_label;
  $("rows").replaceChildren(...sheetRows(bubble));
  $("sheet").showModal();
}

function sheetRows(bubble) {
  let section = "";
  return bubble.choices.flatMap((choice) => {
    const row = button(choice.title, () => { $("sheet").close(); tap(choice); }, "row");
    if (choice.description) row.append(Object.assign(document.createElement("small"), { textContent: choice.description }));
    if (choice.section === section) return [row];
    section = choice.section;
    return [Object.assign(document.createElement("h3"), { textContent: section }), row];
  });
}

// The stream: open while the page can be seen, for that is what "read" means

function listen() {
  stream?.close();
  stream = null;
  if (document.hidden || !$("business").value) return;
  stream = new EventSource(`${place()}/events?since=${sequence}`);
  stream.onopen = showQuiet;
  stream.onerror = () => say("connecting…");
  stream.onmessage = (message) => {
    sequence = Number(message.lastEventId);
    const event = JSON.parse(message.data);
    if (event.type === "typing") return showTyping();
    draw(event.bubble, true);
    if (!event.bubble.is_mine) showQuiet();
  };
}

async function enter() {
  remember("business", $("business").value);
  $("me").textContent = me.name;
  $("avatar").textContent = ($("business").selectedOptions[0]?.textContent ?? "?").slice(0, 1).toUpperCase();
  stream?.close();
  $("bubbles").replaceChildren();
  try {
    const history = await call(`${place()}/history`);
    sequence = history.sequence;
    history.bubbles.forEach((bubble) => draw(bubble, false));
    listen();
  } catch (error) {
    say(error.message);
  }
}

async function start() {
  const { numbers } = await call("/phone/api/numbers");
  $("business").replaceChildren(...numbers.map((number) => {
    const option = new Option(number.verified_name, number.phone_number_id);
    option.dataset.display = number.display_phone_number;
    return option;
  }));
  const before = remembered("business", "");
  if (numbers.some((number) => number.phone_number_id === before)) $("business").value = before;
  if (!numbers.length) return say("No business number is registered yet.");
  await enter();
}

$("business").addEventListener("change", enter);
document.addEventListener("visibilitychange", listen);

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  send({ text }).catch(() => { $("text").value = text; });
  $("text").focus();
});
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("composer").requestSubmit();
  }
});

$("open-settings").addEventListener("click", () => {
  $("number").value = me.number;
  $("name").value = me.name;
  $("settings").showModal();
});
$("settings").addEventListener("close", () => {
  if (!$("settings").querySelector("form").checkValidity()) return;
  me.number = $("number").value;
  me.name = $("name").value;
  remember("number", me.number);
  remember("name", me.name);
  enter();
});

start().catch((error) => say(error.message));
