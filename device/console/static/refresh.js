// Fetches the part of a page that changes, again and again while the page is seen, and tells a screen reader what is new.
const spoken = document.getElementById("spoken");

async function refresh(part) {
  if (document.hidden) return;
  const got = await fetch(part.dataset.refresh);
  if (!got.ok) return;
  const text = await got.text();
  if (text === part.dataset.shown) return;
  part.dataset.shown = text;
  part.innerHTML = text; // our own template, in which everything is escaped
  const said = part.querySelector("[data-say]")?.textContent.trim() || "";
  if (said !== spoken.textContent) spoken.textContent = said;
}

for (const part of document.querySelectorAll("[data-refresh]")) {
  const again = async () => {
    try { await refresh(part); } catch { /* the next turn tries again */ }
    setTimeout(again, Number(part.dataset.every));
  };
  again();
}
