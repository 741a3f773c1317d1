// Starts the page that the document asks for.

import { startGallery } from "./gallery.js";
import { startPage } from "./page.js";

const pages = { gallery: startGallery, model: startPage };

pages[document.body.dataset.page](globalThis.ganzoo ?? {});
