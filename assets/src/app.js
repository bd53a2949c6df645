// What every page loads. Pages work without any of it.
import { colorCode } from "./page/color.js";
import { copyOnClick } from "./page/copy.js";
import { askBeforeLeaving } from "./page/guard.js";
import { listenToKeys } from "./page/keys.js";
import { followEvents } from "./page/live.js";
import { sendOnce } from "./page/once.js";
import { previewWhileTyping } from "./page/preview.js";
import { followLinksInPlace } from "./page/swap.js";
import { tellTimes } from "./page/times.js";
import { fillZone, tellTimesHere } from "./page/zone.js";

// Before anything looks at what forms hold.
fillZone();
askBeforeLeaving();
sendOnce();
copyOnClick();
listenToKeys();
followLinksInPlace();
tellTimes();
tellTimesHere();
previewWhileTyping();
colorCode();
followEvents();
