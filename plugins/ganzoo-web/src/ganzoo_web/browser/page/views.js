// What samples look like, for each view that a model's writer may name (ganzoo.views).
//
// A view fills the page's frame and the cells of its wall:
//   noun                    what one sample is called
//   hasWall                 whether the seed's samples stand beside the chosen one
//   show(samples, chosen)   show the first sample large, or all with the chosen one marked
//   cell(), fill(cell, sample)   a place on the wall, and a sample in it
//   saves                   what can be saved: [{ id, title, run(stem, samples) }], of which
//                           `samples` are those of the wall

import { PictureView } from "./pictureview.js";
import { PlotView } from "./plotview.js";
import { RollView } from "./rollview.js";
import { TextView } from "./textview.js";

export const views = {
  pictures: PictureView, points: PlotView, text: TextView, notes: RollView,
};
