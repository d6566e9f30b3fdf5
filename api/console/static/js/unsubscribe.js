/** One question, one button: the signed link in the address is sent back when it is pressed. */

import { request } from "./wire.js";

const said = document.getElementById("said");
const end = document.getElementById("end");

end.addEventListener("click", async () => {
  end.disabled = true;
  try {
    await request(location.pathname + location.search, { method: "POST" });
    end.remove();
    said.textContent = "Done. We will send you no more offers.";
  } catch (error) {
    end.disabled = false;
    said.textContent = error.message;
  }
});
