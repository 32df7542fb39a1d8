// Draws, drops and pastes; everything ends as the upload form, sent and answered without leaving the page.
const form = document.getElementById("upload");
const answer = document.getElementById("answer");
const spoken = document.getElementById("spoken");
const pad = document.getElementById("pad");
const ink = pad.getContext("2d");

async function send(file) {
  const content = new FormData(form);
  content.set("image", file, file.name || "drawing.png");
  spoken.textContent = form.dataset.working;
  try {
    const got = await fetch(form.action, { method: "POST", body: content, headers: { "X-Fragment": "1" } });
    const type = got.headers.get("Content-Type") || "";
    if (!type.startsWith("text/html") || ![200, 400, 422, 503].includes(got.status)) throw new Error(got.status);
    answer.innerHTML = await got.text(); // our own template, in which everything is escaped
    spoken.textContent = answer.querySelector("[data-say]")?.textContent || "";
    offerSpeech();
    answer.focus();
  } catch (error) {
    spoken.textContent = "";
    answer.replaceChildren(Object.assign(document.createElement("p"),
      { className: "note error", textContent: form.dataset.failed }));
    spoken.textContent = form.dataset.failed;
  }
}

function offerSpeech() {
  for (const button of answer.querySelectorAll("[data-speak]")) {
    button.hidden = !("speechSynthesis" in window);
    button.addEventListener("click", () => {
      const words = new SpeechSynthesisUtterance(button.dataset.speak);
      words.lang = document.documentElement.lang;
      speechSynthesis.cancel();
      speechSynthesis.speak(words);
    });
  }
}

// Without this the form works too: the page stays where the box obeys, and begins anew with the reason where it does not.
answer.addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = event.target;
  const refused = asked.querySelector("[data-refused]");
  let why = "";
  try {
    const got = await fetch(asked.action, { method: "POST", body: new FormData(asked), headers: { "X-Fragment": "1" } });
    if (!got.ok) why = got.status === 409 ? await got.text() : form.dataset.failed;
  } catch { why = form.dataset.failed; }
  refused.textContent = spoken.textContent = why;
  refused.hidden = !why;
});

function clear() {
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, pad.width, pad.height);
}

let last = null;
function place(event) {
  const box = pad.getBoundingClientRect();
  return [(event.clientX - box.left) * pad.width / box.width, (event.clientY - box.top) * pad.height / box.height];
}
function draw(event) {
  if (!last) return;
  for (const step of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) {
    const next = place(step);
    ink.beginPath();
    ink.moveTo(...last);
    ink.lineTo(...next);
    ink.stroke();
    last = next;
  }
}
Object.assign(ink, { lineWidth: 14, lineCap: "round", lineJoin: "round", strokeStyle: "#111" });
pad.addEventListener("pointerdown", (event) => {
  pad.setPointerCapture(event.pointerId);
  last = place(event);
  draw(event);
});
pad.addEventListener("pointermove", draw);
for (const name of ["pointerup", "pointercancel"]) pad.addEventListener(name, () => { last = null; });

document.getElementById("clear").addEventListener("click", () => { clear(); answer.replaceChildren(); });
document.getElementById("read").addEventListener("click", () => pad.toBlob((blob) => send(blob), "image/png"));
form.addEventListener("submit", (event) => { event.preventDefault(); send(form.image.files[0]); });
document.getElementById("camera").addEventListener("change", (event) => {
  if (event.target.files[0]) send(event.target.files[0]);
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files[0]) send(event.clipboardData.files[0]);
});
document.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
document.addEventListener("dragleave", () => form.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("over");
  if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
});
clear();
offerSpeech();
for (const hidden of document.querySelectorAll("[data-script]")) hidden.hidden = false;
