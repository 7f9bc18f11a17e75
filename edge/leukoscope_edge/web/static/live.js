// The live picture: a JPEG with its boxes in one message, drawn together, then the
// next is asked for. Where no WebSocket comes through, MJPEG without boxes.

import { lockIfSignedOut, words } from "/static/api.js";
import { touched } from "/static/lock.js";

const AGAIN_MS = 1000;
const FONTS = '"Noto Sans", "Noto Sans Symbols 2", sans-serif';
const SOCKETS_BEFORE_FALLBACK = 3;
const STYLES = {
  blast: { colour: "#e0112f", width: 4, mark: "▲" },
  unclear: { colour: "#ffb000", width: 3, dash: [8, 5], mark: "?" },
  normal: { colour: "#7ee0a3", width: 2, mark: "✓" },
  seen: { colour: "#9fd8ff", width: 2, mark: "" },
  new: { colour: "#d7dee2", width: 1.5, mark: "" },
  added: { colour: "#ffffff", width: 4, mark: "+" },
  "cut-off": { colour: "#a9c4d1", width: 1.5, dash: [3, 5], mark: "" },
  smudge: { colour: "#d7a7ff", width: 1.5, dash: [2, 4], mark: "~" },
};

export class LiveView {
  // onFacts gets the facts of every message, drawn or not. With `slide` the picture of
  // another slide, still there from before, is not drawn.
  constructor(canvas, fallback, onFacts, slide = null) {
    this.slide = slide;
    this.added = [];
    this.canvas = canvas;
    this.fallback = fallback;
    this.onFacts = onFacts;
    this.facts = {};
    this.held = false;
    this.failures = 0;
    this.connect();
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/live`);
    socket.binaryType = "arraybuffer";
    socket.onmessage = async (event) => {
      this.failures = 0;
      await this.show(event.data);
      if (socket.readyState === WebSocket.OPEN) socket.send(String(this.facts.seq));
    };
    socket.onclose = () => {
      this.failures += 1;
      lockIfSignedOut();
      if (this.failures === SOCKETS_BEFORE_FALLBACK) this.fallBack();
      setTimeout(() => this.connect(), AGAIN_MS);
    };
  }

  fallBack() {
    this.fallback.src = "/live.mjpg";
    this.fallback.hidden = false;
    this.canvas.hidden = true;
    this.onFacts({ ...this.facts, instruction: words.again });
  }

  async show(message) {
    const length = new DataView(message).getUint32(0);
    const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length)));
    const jpeg = message.slice(4 + length);
    if (this.canvas.hidden) {
      this.canvas.hidden = false;
      this.fallback.hidden = true;
      this.fallback.removeAttribute("src");
    }
    const isOurs = this.slide === null || facts.slide === this.slide;
    if (jpeg.byteLength && !this.held && isOurs) {
      const picture = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
      this.draw(picture, facts);
      this.remember(picture, facts);
      this.shown = facts;
      this.canvas.dataset.latencyMs = Date.now() - facts.at_unix_s * 1000;
    }
    this.facts = facts;
    if (facts.mode === "counting") touched();
    this.onFacts(facts);
  }

  // The last picture whose place is known is kept: a ghost to find the way back by.
  remember(picture, facts) {
    if (facts.tracking !== "tracking") { picture.close(); return; }
    this.ghost?.close();
    this.ghost = picture;
  }

  // A box that the page adds itself, at once; it stays as long as the frame does.
  mark(frame, box) {
    const pen = this.canvas.getContext("2d");
    const under = pen.getImageData(0, 0, this.canvas.width, this.canvas.height);
    this.added.push({ frame, box, kind: "added", under });
    if (this.shown?.frame === frame) drawBox(pen, this.added.at(-1));
  }

  unmark() {
    const last = this.added.pop();
    if (last?.frame === this.shown?.frame) this.canvas.getContext("2d").putImageData(last.under, 0, 0);
  }

  draw(picture, facts) {
    this.canvas.width = picture.width;
    this.canvas.height = picture.height;
    const pen = this.canvas.getContext("2d");
    pen.drawImage(picture, 0, 0);
    const isLost = facts.tracking === "lost" && facts.mode === "counting";
    if (isLost && this.ghost) drawGhost(pen, this.ghost);
    this.canvas.dataset.ghost = isLost && this.ghost ? "shown" : "";
    for (const box of facts.boxes ?? []) drawBox(pen, box);
    for (const box of this.added) if (box.frame === facts.frame) drawBox(pen, box);
    if (facts.scale_um_per_px) drawScaleBar(pen, facts.scale_um_per_px);
  }

  // Where in the picture a pointer is, as parts of width and height; null outside.
  place(event) {
    const area = this.canvas.getBoundingClientRect();
    const scale = Math.min(area.width / this.canvas.width, area.height / this.canvas.height);
    const width = this.canvas.width * scale;
    const height = this.canvas.height * scale;
    const x = (event.clientX - area.left - (area.width - width) / 2) / width;
    const y = (event.clientY - area.top - (area.height - height) / 2) / height;
    return x >= 0 && x <= 1 && y >= 0 && y <= 1 ? { x, y } : null;
  }
}

const GHOST_ALPHA = 0.5;
function drawGhost(pen, ghost) {
  const { width, height } = pen.canvas;
  pen.save();
  pen.globalAlpha = GHOST_ALPHA;
  pen.drawImage(ghost, 0, 0, width, height);
  pen.restore();
  pen.setLineDash([12, 8]);
  pen.lineWidth = 6;
  pen.strokeStyle = "#ffb000";
  pen.strokeRect(3, 3, width - 6, height - 6);
  pen.setLineDash([]);
}

function drawBox(pen, { box, kind }) {
  const style = STYLES[kind] ?? STYLES.new;
  const [x0, y0, x1, y1] = box;
  pen.setLineDash(style.dash ?? []);
  pen.lineWidth = style.width + 2;
  pen.strokeStyle = "#0009"; // a dark edge, so that the box shows on any stain
  pen.strokeRect(x0, y0, x1 - x0, y1 - y0);
  pen.lineWidth = style.width;
  pen.strokeStyle = style.colour;
  pen.strokeRect(x0, y0, x1 - x0, y1 - y0);
  pen.setLineDash([]);
  if (!style.mark) return;
  pen.font = `bold 18px ${FONTS}`;
  pen.fillStyle = "#10181d";
  pen.fillRect(x0, Math.max(y0 - 22, 0), 22, 22);
  pen.fillStyle = style.colour;
  pen.textAlign = "center";
  pen.fillText(style.mark, x0 + 11, Math.max(y0 - 22, 0) + 17);
}

const BAR_UM = 10;
function drawScaleBar(pen, umPerPx) {
  const length = BAR_UM / umPerPx;
  const { height } = pen.canvas;
  pen.fillStyle = "#fff";
  pen.fillRect(14, height - 48, Math.max(length, 52) + 16, 38);
  pen.fillStyle = "#10181d";
  pen.fillRect(22, height - 20, length, 5);
  pen.font = `bold 15px ${FONTS}`;
  pen.textAlign = "start";
  pen.fillText(`${BAR_UM} µm`, 22, height - 26);
}
