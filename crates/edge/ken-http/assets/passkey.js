// Passkeys: asks the browser for one, and sends its answer as an ordinary form.
// The only script of these pages; whatever it offers can be had without it.
const offered = window.PublicKeyCredential?.parseRequestOptionsFromJSON;
const fields = (form) => form.elements;

/** What the server wants of a passkey. */
const begun = async (form, address) => {
  const body = new URLSearchParams({ csrf: fields(form).csrf.value });
  const told = await fetch(address, { method: "POST", body });
  if (!told.ok) throw new Error("refused");
  return told.json();
};

const shown = async (options) => navigator.credentials.get({
  publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
});

const made = async (options) => navigator.credentials.create({
  publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
});

for (const form of offered ? document.querySelectorAll("form[data-passkey]") : []) {
  form.closest("[hidden]").hidden = false;
  form.addEventListener("submit", async (event) => {
    if (fields(form).answer.value) return;
    event.preventDefault();
    const status = form.querySelector("[role=status]");
    status.textContent = "Your browser asks you now.";
    const { passkey, begin, confirm } = form.dataset;
    try {
      if (confirm) {
        const first = await shown(await begun(form, confirm));
        fields(form).confirmed.value = JSON.stringify(first.toJSON());
      }
      const options = await begun(form, begin);
      const answer = await (passkey === "add" ? made(options) : shown(options));
      fields(form).answer.value = JSON.stringify(answer.toJSON());
      form.submit();
    } catch {
      status.textContent = "No passkey was used. Try again, or sign in another way.";
    }
  });
}
