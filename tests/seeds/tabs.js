// The first tab opens two more; in every round all three refresh at the same moment.
const TABS = 3, ROUNDS = 5;
const channel = new BroadcastChannel('tabs');
const isFirst = !location.search;
const results = [];
let ready = 0, done = 0, round = 0;

async function play() {
  let result;
  try {
    result = await refresh();
  } catch (error) {
    result = {error: String(error)};
  }
  tell({kind: 'done', result});
}

// A channel does not reach the tab that speaks.
function tell(message) {
  channel.postMessage(message);
  hear({data: message});
}

function hear({data: {kind, result}}) {
  if (kind === 'go') play();
  if (!isFirst) return;
  if (kind === 'ready' && ++ready === TABS) tell({kind: 'go'});
  if (kind === 'done') {
    results.push(result);
    if (++done < TABS) return;
    done = 0;
    if (++round < ROUNDS) tell({kind: 'go'});
    else report({results});
  }
}

channel.onmessage = hear;
if (isFirst) for (let tab = 1; tab < TABS; tab++) window.open('/page?tab=' + tab, 'tab' + tab);
tell({kind: 'ready'});
