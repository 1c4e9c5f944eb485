// What every page must hold to, looked at from inside it. Each rule gives sentences, none where all is well.

/** A page that is wider than its window, and by which element. */
export function overflow() {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  // What moves in a box of its own does not count.
  const free = [...document.body.querySelectorAll("*")].filter((one) => {
    for (let box = one.parentElement; box; box = box.parentElement) if (getComputedStyle(box).overflowX !== "visible") return false;
    return true;
  });
  const widest = free.map((one) => [one.getBoundingClientRect().right, one]).sort(([one], [other]) => other - one)[0][1];
  return [`the page is too wide: ${widest.outerHTML.slice(0, 120)}`];
}

/** Text that is cut off; texts of a chart that leave it, lie over one another or are too small to read. */
export function looks() {
  const minTextPixels = 10;
  const faults = [];
  const named = (element) => {
    const text = (element.textContent || element.value || "").trim().replace(/\s+/g, " ").slice(0, 40);
    return `<${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""}> "${text}"`;
  };
  if (document.scripts.length > 0 || document.querySelector("iframe, object, embed")) faults.push("there is a script or a frame");

  for (const element of document.body.querySelectorAll("*:not(svg *)")) {
    const style = getComputedStyle(element);
    const { clientWidth: width, clientHeight: height } = element;
    // A box of one pixel holds what only screen readers say.
    if (style.display === "inline" || width <= 1 || height <= 1 || !element.textContent.trim()) continue;
    const hides = (overflow) => overflow === "hidden" || overflow === "clip";
    if (hides(style.overflowX) && element.scrollWidth > width + 1) faults.push(`cut off at the side: ${named(element)}`);
    if (hides(style.overflowY) && element.scrollHeight > height + 1) faults.push(`cut off below: ${named(element)}`);
  }
  // On a desk everything is in sight at once.
  for (const box of innerWidth < 1000 ? [] : document.querySelectorAll("*:not(svg *)")) {
    const moves = getComputedStyle(box).overflowX === "auto" && box.scrollWidth > box.clientWidth + 1;
    if (moves) faults.push(`moves sideways by ${box.scrollWidth - box.clientWidth} px: ${named(box)}`);
  }
  for (const field of document.querySelectorAll("input:not([type=hidden]), select")) {
    if (field.scrollWidth > field.clientWidth + 1) faults.push(`a field is too narrow for what it says: ${named(field)}`);
  }

  for (const svg of document.querySelectorAll("svg")) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].filter((text) => text.textContent.trim() && text.getClientRects().length > 0);
    const boxes = texts.map((text) => text.getBoundingClientRect());
    const heights = texts.map((text) => parseFloat(getComputedStyle(text).fontSize) * Math.hypot(text.getScreenCTM().a, text.getScreenCTM().b));
    const least = Math.min(...heights);
    if (least < minTextPixels) faults.push(`only ${least.toFixed(1)} px high: ${named(texts[heights.indexOf(least)])}`);
    const lines = [...svg.querySelectorAll("polyline, path, line")].flatMap((line) => {
      const [length, matrix] = [line.getTotalLength(), line.getScreenCTM()];
      const count = Math.min(300, Math.ceil(length / 4));
      return Array.from({ length: count }, (_, step) => line.getPointAtLength((step * length) / count).matrixTransform(matrix));
    });
    texts.forEach((text, index) => {
      const box = boxes[index];
      const outside = Math.max(frame.left - box.left, box.right - frame.right, frame.top - box.top, box.bottom - frame.bottom);
      if (outside > 1) faults.push(`${Math.round(outside)} px outside its chart: ${named(text)}`);
      const margin = 0.25 * box.height;
      const isCrossed = ({ x, y }) => x > box.left && x < box.right && y > box.top + margin && y < box.bottom - margin;
      if (lines.some(isCrossed)) faults.push(`a line goes through ${named(text)}`);
      for (let other = 0; other < index; other += 1) {
        const against = boxes[other];
        const across = Math.min(box.right, against.right) - Math.max(box.left, against.left);
        // A box is a line high, which is more than its letters are.
        const down = Math.min(box.bottom, against.bottom) - Math.max(box.top, against.top);
        if (across > 1 && down > 0.25 * Math.min(box.height, against.height)) {
          faults.push(`texts over one another: ${named(texts[other])} and ${named(text)}`);
        }
        const isTick = Math.abs(box.right - against.right) < 1 || Math.abs(box.top - against.top) < 1;
        if (isTick && text.textContent === texts[other].textContent && !/^[+-]/.test(text.textContent)) {
          faults.push(`an axis says the same twice: ${named(text)}`);
        }
      }
    });
  }
  return faults;
}

/** What a Chinese page says in English: data of the shop stands in bdi, and what is to be typed in code. */
export function english() {
  const own = (element) => [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join(" ");
  const said = [...document.body.querySelectorAll("*:not(bdi, bdi *, code, a[lang])")].map(own);
  return said.filter((text) => /([A-Za-z]{2,}[ ,;]+){3}/.test(text)).map((text) => `English on a Chinese page: ${text.trim().slice(0, 80)}`);
}

/** Texts of charts that can't be told well from what is painted behind them (WCAG 1.4.3), which axe does not look at. */
export function contrasts() {
  const faults = [];
  const parsed = (colour) => {
    const numbers = (colour.match(/[\d.]+/g) ?? []).map(Number);
    return colour.startsWith("rgb") ? [...numbers.slice(0, 3), numbers[3] ?? 1] : [0, 0, 0, 0];
  };
  const over = ([red, green, blue, alpha], under) =>
    [red, green, blue].map((value, index) => value * alpha + under[index] * (1 - alpha));
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const paint = (element) => {
    const style = getComputedStyle(element);
    const drawn = element instanceof SVGGeometryElement;
    const [red, green, blue, alpha] = parsed(drawn ? style.fill : element instanceof SVGElement ? "" : style.backgroundColor);
    return [red, green, blue, alpha * (drawn ? style.fillOpacity : 1) * style.opacity];
  };
  const dark = matchMedia("(prefers-color-scheme: dark)").matches && getComputedStyle(document.documentElement).colorScheme.includes("dark");
  for (const text of document.querySelectorAll("svg text")) {
    if (!text.textContent.trim()) continue;
    text.scrollIntoView({ block: "center" });
    const { left, right, top, bottom } = text.getBoundingClientRect();
    const behind = document.elementsFromPoint((left + right) / 2, (top + bottom) / 2).filter((one) => !text.contains(one) && one.tagName !== "text");
    const ground = behind.map(paint).reverse().reduce((under, colour) => over(colour, under), dark ? [18, 18, 18] : [255, 255, 255]);
    const style = getComputedStyle(text);
    const [red, green, blue, alpha] = parsed(style.fill);
    const [one, two] = [luminance(over([red, green, blue, alpha * style.fillOpacity * style.opacity], ground)), luminance(ground)];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(1)} of 4.5 in a chart: "${text.textContent.trim().slice(0, 40)}"`);
  }
  return faults;
}

/** What has the focus: its name, where it leads, and whether a person sees that it has it. */
export function focused() {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const all = [...document.querySelectorAll("*")];
  return {
    at: all.indexOf(element),
    name: `<${element.tagName.toLowerCase()}> "${(element.textContent || element.name || "").trim().slice(0, 40)}"`,
    href: element.getAttribute("href"),
    marked: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none",
    seen: box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}

/** Everything that the Tab key must reach, as `focused` counts elements. */
export function reachable() {
  const all = [...document.querySelectorAll("*")];
  const wanted = document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']");
  return [...wanted].filter((one) => !one.disabled && one.checkVisibility()).map((one) => all.indexOf(one));
}
