// Passkeys: asks the browser for one, and sends its answer as an ordinary form.
// The only script of these pages; whatever it offers can be had without it.
const form = document.querySelector("form[data-passkey]");
const offered = window.PublicKeyCredential?.parseRequestOptionsFromJSON;
if (form && offered) {
  form.closest("[hidden]").hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    const status = form.querySelector("[role=status]");
    status.textContent = "Your browser asks you now.";
    try {
      const body = new URLSearchParams({ csrf: form.elements.csrf.value });
      const told = await fetch(form.dataset.begin, { method: "POST", body });
      if (!told.ok) throw new Error("refused");
      const options = await told.json();
      const made = form.dataset.passkey === "add"
        ? await navigator.credentials.create({
            publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
          })
        : await navigator.credentials.get({
            publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
          });
      form.elements.answer.value = JSON.stringify(made.toJSON());
      form.submit();
    } catch {
      status.textContent = "No passkey was used. Try again, or sign in another way.";
    }
  });
}
