// What every page must hold to, looked at from inside it. A plain script, which the browser runs before each page; every rule
// gives sentences, none where all is well.
globalThis.rules = (() => {
  /** Smallest letters of a chart that a person reads without enlarging it. */
  const LEAST_PIXELS = 10;
  /** Least contrast of letters (WCAG 1.4.3). */
  const LEAST_CONTRAST = 4.5;
  /** From this width on everything is in sight at once. */
  const DESK = 1000;
  /** Pixels between two places of a line that are looked at, and how many of them at most. */
  const STEP = 4;
  const MOST_STEPS = 300;

  const all = (selector) => [...document.querySelectorAll(selector)];
  const short = (text) => text.trim().replace(/\s+/g, " ").slice(0, 60);
  const named = (element) => `<${element.tagName.toLowerCase()}> "${short(element.textContent || element.value || "")}"`;

  /** A page that is wider than its window, and by which element. */
  function overflow() {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const isFree = (element) => {
      // What moves in a box of its own does not count.
      for (let box = element.parentElement; box; box = box.parentElement) {
        if (getComputedStyle(box).overflowX !== "visible") return false;
      }
      return true;
    };
    const right = (element) => element.getBoundingClientRect().right;
    const widest = all("body *").filter(isFree).sort((one, other) => right(other) - right(one))[0];
    return [`the page is too wide: ${widest.outerHTML.slice(0, 120)}`];
  }

  /** Text that is cut off or out of sight, and what no page may hold. */
  function texts() {
    const faults = [];
    if (document.querySelector("script, iframe, object, embed")) faults.push("there is a script or a frame");
    for (const element of all("body *:not(svg *)")) {
      const { overflowX, overflowY, display } = getComputedStyle(element);
      const { clientWidth: width, clientHeight: height, scrollWidth, scrollHeight } = element;
      // A box of one pixel holds what only screen readers say.
      if (display === "inline" || width <= 1 || height <= 1 || !element.textContent.trim()) continue;
      const hides = (overflow) => overflow === "hidden" || overflow === "clip";
      if (hides(overflowX) && scrollWidth > width + 1) faults.push(`cut off at the side: ${named(element)}`);
      if (hides(overflowY) && scrollHeight > height + 1) faults.push(`cut off below: ${named(element)}`);
      if (overflowX === "auto" && innerWidth > DESK && scrollWidth > width + 1) {
        faults.push(`moves sideways by ${scrollWidth - width} px: ${named(element)}`);
      }
    }
    for (const field of all("input:not([type=hidden]), select")) {
      if (field.scrollWidth > field.clientWidth + 1) faults.push(`a field is too narrow for what it says: ${named(field)}`);
    }
    return faults;
  }

  /** Letters of charts that leave them, touch one another or a line, are too small, or say on an axis the same twice. */
  function charts() {
    return all("svg").flatMap((svg) => {
      const faults = [];
      const frame = svg.getBoundingClientRect();
      const letters = [...svg.querySelectorAll("text")].filter((text) => text.textContent.trim());
      const boxes = letters.map((text) => text.getBoundingClientRect());
      const points = [...svg.querySelectorAll("polyline, path, line")].flatMap(along);
      const heights = letters.map((text) => parseFloat(getComputedStyle(text).fontSize) * scale(text));
      const least = Math.min(...heights);
      if (least < LEAST_PIXELS) faults.push(`only ${least.toFixed(1)} px high: ${named(letters[heights.indexOf(least)])}`);
      letters.forEach((text, index) => {
        const box = boxes[index];
        const beyond = [frame.left - box.left, box.right - frame.right, frame.top - box.top, box.bottom - frame.bottom];
        if (Math.max(...beyond) > 1) faults.push(`${Math.round(Math.max(...beyond))} px outside its chart: ${named(text)}`);
        if (points.some((point) => isIn(point, box))) faults.push(`a line goes through ${named(text)}`);
        for (let other = 0; other < index; other += 1) {
          if (meet(box, boxes[other])) faults.push(`texts over one another: ${named(letters[other])} and ${named(text)}`);
          const inLine = Math.abs(box.right - boxes[other].right) < 1 || Math.abs(box.top - boxes[other].top) < 1;
          const isFigure = /^[+-]/.test(text.textContent);
          if (inLine && !isFigure && text.textContent === letters[other].textContent) {
            faults.push(`an axis says the same twice: ${named(text)}`);
          }
        }
      });
      return faults;
    });
  }

  /** How many pixels a unit of a text is. */
  function scale(text) {
    const { a, b } = text.getScreenCTM();
    return Math.hypot(a, b);
  }

  /** Places of a line on the screen. */
  function along(line) {
    const [length, matrix] = [line.getTotalLength(), line.getScreenCTM()];
    const count = Math.min(MOST_STEPS, Math.ceil(length / STEP));
    return Array.from({ length: count }, (_, step) => line.getPointAtLength((step * length) / count).matrixTransform(matrix));
  }

  // A box is as high as a line, which is more than its letters are: a quarter above and below them is free.
  function isIn({ x, y }, { left, right, top, bottom, height }) {
    return x > left && x < right && y > top + height / 4 && y < bottom - height / 4;
  }

  function meet(one, other) {
    const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
    const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
    return across > 1 && down > Math.min(one.height, other.height) / 4;
  }

  /** What a Chinese page says in English, and not as such: data of the shop stands in bdi, what is to be typed in code. */
  function english() {
    const own = ({ childNodes }) => [...childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data);
    const said = all("body *:not(bdi, bdi *, code, [lang])").map((element) => short(own(element).join(" ")));
    return said.filter((text) => /([A-Za-z]{2,}[ ,;]+){3}/.test(text)).map((text) => `English on a Chinese page: ${text}`);
  }

  /** Letters of charts that are hard to tell from what is painted behind them, which axe does not look at. */
  function contrasts() {
    return all("svg text").filter((text) => text.textContent.trim()).flatMap((text) => {
      text.scrollIntoView({ block: "center" });
      const { left, right, top, bottom } = text.getBoundingClientRect();
      const behind = document.elementsFromPoint((left + right) / 2, (top + bottom) / 2).filter(({ tagName }) => tagName !== "text");
      const ground = behind.map(paint).reverse().reduce((under, colour) => over(colour, under), [255, 255, 255]);
      const [one, two] = [luminance(over(paint(text), ground)), luminance(ground)];
      const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
      return ratio < LEAST_CONTRAST ? [`contrast ${ratio.toFixed(1)} of ${LEAST_CONTRAST} in a chart: ${named(text)}`] : [];
    });
  }

  /** Red, green, blue and alpha that an element is painted with. */
  function paint(element) {
    const { fill, fillOpacity, opacity, backgroundColor } = getComputedStyle(element);
    const isDrawn = element instanceof SVGGraphicsElement;
    const colour = isDrawn ? fill : backgroundColor;
    if (!colour.startsWith("rgb") || element instanceof SVGSVGElement) return [0, 0, 0, 0];
    const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    return [red, green, blue, alpha * opacity * (isDrawn ? fillOpacity : 1)];
  }

  function over([red, green, blue, alpha], under) {
    return [red, green, blue].map((value, index) => value * alpha + under[index] * (1 - alpha));
  }

  /** Relative luminance, as WCAG defines it. */
  function luminance(colour) {
    const [red, green, blue] = colour.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  /** What has the focus: its place in the page, where it leads, and whether a person sees that it has it. */
  function focused() {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const { width, height, left, right, top, bottom } = element.getBoundingClientRect();
    return {
      at: all("*").indexOf(element),
      name: named(element),
      href: element.getAttribute("href"),
      isMarked: outlineStyle !== "none" && parseFloat(outlineWidth) > 0,
      isSeen: width > 1 && height > 1 && bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
    };
  }

  /** The places of everything that the Tab key must reach. */
  function reachable() {
    const wanted = all("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']");
    return wanted.filter((one) => !one.disabled && one.checkVisibility()).map((one) => all("*").indexOf(one));
  }

  return { overflow, texts, charts, english, contrasts, focused, reachable };
})();
