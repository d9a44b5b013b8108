"use strict";

const find = (id) => document.getElementById(id);
const dialogs = { keys: find("keys"), reveal: find("reveal") };

// The path of the list whose keys the dialog shows.
let list = "";

async function ask(path, method = "GET") {
  const answer = await fetch(path, { method, headers: { Accept: "application/json" } });
  const document = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(document.message || document.detail || answer.statusText);
  return document;
}

function element(name, { text, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

// What does not fit the column: enough at both ends to tell two keys apart, or so it was thought.
const abbreviated = (token) => token.length > 23 ? `${token.slice(0, 3)}...${token.slice(-20)}` : token;

const day = (seconds) => seconds
  ? new Date(seconds * 1000).toLocaleDateString("en", { year: "numeric", month: "short", day: "numeric" })
  : "Never";

function copies(button, text) {
  button.onclick = async () => {
    await navigator.clipboard.writeText(text);
    button.classList.add("done");
    button.textContent = "Copied";
    setTimeout(() => {
      button.classList.remove("done");
      button.textContent = "Copy";
    }, 1500);
  };
  return button;
}

function row(key) {
  const remove = element("button", { type: "button", className: "delete", text: "Delete" });
  remove.onclick = () => perform(async () => {
    await ask(`${list}/${key.id}`, "DELETE");
    await refresh();
  });
  return element("tr", {},
    element("td", {}, element("code", { text: abbreviated(key.token) })),
    element("td", { text: day(key.created_at) }),
    element("td", { text: day(key.last_used_at) }),
    element("td", {}, copies(element("button", { type: "button", className: "copy", text: "Copy" }), key.token), remove));
}

async function refresh() {
  const { data } = await ask(list);
  find("rows").replaceChildren(...data.map(row));
  find("empty").hidden = data.length > 0;
}

// Does something, and says so if it fails.
async function perform(work) {
  const error = find("error");
  error.hidden = true;
  try {
    await work();
  } catch (failure) {
    error.textContent = failure.message;
    error.hidden = false;
  }
}

async function open(path, owner) {
  list = path;
  find("keys-of").textContent = owner;
  find("rows").replaceChildren();
  find("empty").hidden = true;
  dialogs.keys.showModal();
  await perform(refresh);
}

find("create").onclick = () => perform(async () => {
  const key = await ask(list, "POST");
  find("secret").textContent = key.token;
  copies(dialogs.reveal.querySelector(".copy"), key.token).textContent = "Copy";
  dialogs.reveal.showModal();
  await refresh();
});

dialogs.reveal.addEventListener("close", () => {
  find("secret").textContent = "";
  dialogs.reveal.querySelector(".copy").onclick = null;
});

for (const dialog of Object.values(dialogs)) {
  for (const button of dialog.querySelectorAll(".close")) button.onclick = () => dialog.close();
}

async function cards(place, count, path, of) {
  const { data } = await ask(path);
  find(count).textContent = data.length;
  find(place).replaceChildren(...data.map((owner) => {
    const button = element("button", { type: "button", className: "plain", text: "API keys" });
    button.onclick = () => open(`${path}/${owner.id}/api-keys`, `${of} “${owner.name}”`);
    return element("li", {},
      element("span", { className: "mark", text: owner.name[0], ariaHidden: "true" }),
      element("h3", { text: owner.name }), element("p", { text: owner.description }), button);
  }));
}

find("address").textContent = location.host;
find("workspace").onclick = () => open("/console/api/datasets/api-keys", "All datasets of the workspace");
cards("apps", "app-count", "/console/api/apps", "App");
cards("datasets", "dataset-count", "/console/api/datasets", "Dataset");
