"""Write the log-book of the Corvane Light, a small English corpus made by a seeded grammar.

The text is one year of dated entries from an invented lighthouse station.  Two sources are woven together:

* ``STORY`` holds the fixed beats of the plot, one block for each date on which something happens;
* ``RULES`` holds the grammar: weather, ships, chores, letters, visitors, talk.  Every ``{slot}`` in a pattern
  is filled from the rule of that name, or from the facts of the day (wind, barometer, ship in sight).
  ``{a slot}`` puts an article before it, ``{slot^}`` a capital letter; a pattern marked ``!`` is used only once.

Everything is drawn from one ``random.Random(seed)``, so a seed always gives the same bytes.  Run it with

    python corpora/lighthouse.py > corpora/lighthouse.txt
    python corpora/lighthouse.py --seed 7

The output is plain ASCII: one paragraph on a line, a blank line between entries.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import sys
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Generic, TypeVar

DEFAULT_SEED = 1887
YEAR = 1887
PLAIN_DAY_CHANCE = 0.375
TITLE = "The Log-Book of the Corvane Light"

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
WINDS = (
    *("north", "north-east", "east", "south-east", "south", "south-west", "south-west", "south-west"),
    *("west", "west", "north-west", "north-west"),
)

# Kind of weather: the wind forces and the barometer readings (in hundredths of an inch) that go with it.
FORCES = {
    **{"gale": (8, 10), "strong": (6, 7), "rain": (3, 5), "fresh": (4, 5), "snow": (2, 5)},
    **{"light": (1, 3), "fog": (1, 2), "calm": (0, 0), "fine": (1, 3)},
}
GLASS = {
    **{"gale": (2862, 2920), "strong": (2905, 2955), "rain": (2925, 2975), "fresh": (2955, 3005)},
    **{"snow": (2930, 2985), "light": (2985, 3035), "fog": (2990, 3040), "calm": (3000, 3050), "fine": (3005, 3055)},
}
LANDABLE = ("rain", "fresh", "light", "calm", "fine")
DRY = ("fresh", "light", "calm", "fine")
ROUGH = ("gale", "strong")

RULES = """
glass_up
  Barometer {glass}, risen from {glass0} since yesterday.
  ! The glass has climbed from {glass0} to {glass}, and our spirits have gone up with it.
  Barometer {glass} and rising; thermometer {temp} degrees at noon.
  The glass stood at {glass0} last evening and at {glass} this morning.
  Barometer rising: {glass} at noon, wind {wind}, force {force}.
  Glass up to {glass}; thermometer {temp}; wind from the {wind}.
  ! Noon barometer {glass}, the needle moving the right way for once.
  A better glass today, {glass} against {glass0}.
  Barometer {glass} at noon, and still going up.
  ! The glass rose through the night, from {glass0} to {glass}, while nobody was looking.
  Rising glass, {glass} at {afternoon}; yesterday it was {glass0}.
  Barometer {glass} (yesterday {glass0}); wind {wind}, force {force}.
  ! Thermometer {temp}, barometer {glass}, and both of them the better for a night's rest.
  At {morning} the glass read {glass}, a gain upon yesterday.
  Barometer at {morning}: {glass}; thermometer {temp}.
  Wind {wind}, force {force}; barometer {glass}, rising.
  The barometer has risen to {glass}.
  Glass {glass}, up from {glass0}; wind {wind}.
glass_down
  Barometer {glass}, thermometer {temp}, wind {wind}.
  Wind {wind}, force {force}; barometer {glass}, falling.
  The barometer has fallen to {glass}.
  Glass {glass}, down from {glass0}; wind {wind}.
  Barometer, {glass0} yesterday, {glass} today.
  Barometer {glass}, fallen from {glass0} since yesterday.
  The glass is going down: {glass0} last night, {glass} at noon.
  Barometer {glass} and falling; thermometer {temp} degrees; wind {wind}.
  ! The glass dropped to {glass}, and Brody tapped it twice to see whether it was in earnest.
  Barometer falling: {glass} at breakfast, wind {wind}, force {force}.
  ! Noon barometer {glass}, a fall from {glass0}; I have noted the hour in the margin.
  ! The glass gave up its ground and stood at {glass} by noon.
  Wind {wind}, force {force}; the barometer lower, at {glass}.
  Barometer {glass} (yesterday {glass0}); wind {wind}, force {force}.
  ! Falling glass: {glass} at {afternoon}, and no sign of the bottom.
  ! The glass has slipped from {glass0} to {glass}; Brody says that his elbow told him so first.
  Barometer {glass} at {morning}, and lower since.
  ! Thermometer {temp}, barometer {glass}, the one idle and the other sinking.
  Down to {glass}, with the wind in the {wind}.
glass_level
  Barometer steady at {glass}; wind {wind}, force {force}.
  The glass has hardly stirred: {glass0} yesterday and {glass} today.
  ! Barometer {glass}, thermometer {temp}, neither of them inclined to surprise us.
  ! Noon barometer {glass}; no change worth the ink.
  ! The glass hangs at {glass}, as if it were thinking.
  Barometer {glass}, thermometer {temp} degrees, wind from the {wind}.
  Wind {wind}, force {force}; glass {glass} and idle.
  Barometer {glass}, as yesterday; thermometer {temp}.
  ! The glass reads {glass} and means it.
  At {morning} the barometer stood at {glass}, and at {afternoon} it stood there still.
  Barometer {glass}; wind from the {wind}, force {force}.
  Barometer {glass}, unchanged; wind {wind}.
  Glass {glass}, thermometer {temp}.
gale
  It blew a whole gale from the {wind}, force {force}, and the tower hummed like a struck glass.
  Seas broke clean over the Anvil and threw spray as high as the gallery rail.
  A hard {windy} gale all day; nobody crossed the yard without a hand on the rope.
  The wind stood in the {wind} at force {force}, and the kitchen chimney smoked until our eyes ran.
  ! By {morning} the wind was snatching the words out of our mouths, or so Fairlow put it.
  Heavy seas on both landings, and the whole of the South Landing under white water.
  ! Such {a windy} gale that the gulls were walking!
  ! The gale tore {loose} from {place} and carried it out of sight before any of us could swear at it.
  ! Every door on the island had to be opened by two people and shut by three.
  ! At the height of it, about {afternoon}, we could not hear one another across the breakfast table.
  Force {force} from the {wind}, with sand and small stones flying in the yard.
  Wind {wind}, force {force}; salt upon every window, even those on the lee side.
strong
  A strong {windy} wind, force {force}, with a steep and ugly sea.
  It blew hard from the {wind}, and the waves stood up along {reef} like a row of broken slates.
  Strong wind, torn cloud, and now and then a gleam of sun that did nobody any good.
  The wind got up at {morning} and found every crack in {place}.
  ! A loud day, force {force} from the {wind}, with spindrift over the garden wall.
  ! Wind {wind} and strong; no boat could have come near the landing, and none was so foolish as to try.
  ! The flagstaff bent and sang all day in {a windy} blow.
  ! Hard wind, high surf, and a great business among the clouds.
  {a windy^} wind of force {force}, and the whole sea moving in one direction.
  Blowing hard from the {wind}, with squalls; the worst of them came through at {afternoon}.
  ! The washing left the line at {morning} and was last seen going {bearing} in good order.
  The surf on {reef} could be heard through two shut doors.
  The whole of the west side was white with surf.
  High wind and low cloud, and a taste of salt in the bread.
  Blew hard all day; nothing broken.
rain
  Rain from the {wind}, steady and grey, from before dawn until {evening}.
  It rained in long slanting lines, and the gutters talked the whole day through.
  ! A wet day; the tanks are full, and so are our boots.
  ! Rain came on at {morning} and settled in like a visitor who has taken off his coat.
  Showers from the {wind}, each one a little longer than the gap that followed it.
  Thick rain with {a windy} wind; visibility two miles at best.
  ! Drizzle first, then rain, then something that had not made up its mind.
  The rain drummed upon the lantern roof until it was hard to hear the clockwork.
  Wind {wind}, force {force}, with rain that found its way under every hat.
  Rain, and the far side of {reef} not to be seen.
  Heavy rain until {afternoon}, and afterwards a yellow sky that promised more.
  A soaking day; water in the yard, in the porch and in the pockets of the oilskins.
  ! It rained until the hens gave up pretending that they liked it.
fresh
  A fresh {windy} breeze, force {force}, and a lively sea with white caps to the horizon.
  ! Fresh breeze, quick clouds, and the shadow of each one running across the water.
  Wind {wind}, force {force}: good drying weather, and every line on the station carried washing.
  ! A brisk clean day with the air so clear that we counted the chimneys of Pell Harbour.
  The breeze freshened at {morning} and held true from the {wind} until dark.
  Bright spells and {a windy} breeze; the sea dark blue and much creased.
  ! A good honest breeze, neither too much nor too little.
  Fresh from the {wind}, with a short sea slapping at the landing steps.
  Wind {wind}, force {force}; a bright sky with a hard edge to it.
  A fresh {windy} wind and a great coming and going of clouds.
  Clear and cool, with a breeze from the {wind} and foam all along {reef}.
  ! The {windy} breeze kept the vane talking, and the sea was all small bright points.
  ! Fresh wind, dry air, and a horizon as sharp as a knife.
  The sea ran blue and white under a quick sky.
  Fresh all day, with the spray just reaching the lower steps.
  Brisk weather, sun and shadow by turns.
  A sharp bright day; the halyards rattled from dawn to dark.
  {a windy^} breeze that made the fire draw well and the doors slam.
  Broken cloud and a lively sea; good sailing weather.
  Fair weather with a bite in it.
light
  Light airs from the {wind}, and a long lazy swell.
  A quiet day with a little wind, force {force}, hardly enough to lift the flag.
  The {windy} wind was so light that the smoke of the kitchen fire stood up straight.
  Pale sky, smooth sea, a light breeze out of the {wind}.
  Light wind and high thin cloud; the mainland lay along the east like a pencil line.
  ! The sea was as flat as a table and about as busy.
  ! A mild breath from the {wind}; even Brody found nothing to say against it.
  Light {windy} breeze; cloud by {morning}, clear again by {evening}.
  Gentle {windy} air and a sky like the inside of a shell.
  ! A light wind wandered about between {wind} and nowhere.
  Soft grey weather, with a little wind at {afternoon} to show that it could.
  The swell went by {reef} without breaking.
  Light wind from the {wind}, force {force}, and the tide making more noise than the air.
fog
  ! Fog came in from the {wind} at {morning}, and the island went out like a candle.
  Thick fog; the gallery could not be seen from the yard, nor the yard from the kitchen door.
  We began the bell at {morning}, one stroke every thirty seconds, and kept it going until {evening}.
  ! A white blind day, every sound too near and nothing where it ought to be.
  Fog on all sides; I walked to the landing by counting my steps.
  The fog lay so close upon the water that the tops of the rocks seemed to float.
  Bell rung for {count} hours, each of us in turn, with wool in our ears.
  ! Fog until {afternoon}, and then, for ten minutes, the whole world, and then fog.
  Every rope and rail was hung with drops, and the lens wept.
  Fog, with a small {windy} air that moved it about and did not move it off.
calm
  Dead calm, and the sea like poured oil.
  Not a breath of wind; the flag hung down as if it were ashamed.
  ! A calm so deep that we heard the church bell at Pell Harbour, nine miles off.
  Flat calm from dawn to dusk, the rocks standing on their own reflections.
  No wind at all, and a silence that made us lower our voices.
  The calm held all day, and the tide crept in without a sound.
  A glassy sea, and not a cloud to break it.
  A sea like a looking-glass, with the gulls sitting upon it in pairs.
  ! Calm and mild; one could have set a candle upon the wall.
fine
  A fine day, wind {wind} and gentle, the sky without a mark on it.
  Fine and clear, thermometer {temp} degrees; we left every door on the station open.
  ! The sort of day that persuades people to become lighthouse keepers.
  Clear sky, soft {windy} air, and forty miles of bright water.
  ! Fine weather from end to end; I have checked the instruments in case they were flattering us.
  Sun on the white tower all day, until one could not look at it.
  A fine dry day, good for paint, for bedding and for the temper.
  A blue day, wind {wind}, force {force}.
  Fine and mild, the rocks quite dry by {afternoon}.
  Not a cloud from {morning} until dark.
  Fine, with a dry {windy} air; the mainland looked near enough to borrow sugar from.
  A soft bright morning, and an afternoon to match it.
snow
  Snow from the {wind}, small and dry, with a wind of force {force} behind it.
  It snowed from {morning}, and by noon the rocks wore white caps to the tide line.
  Snow showers; we swept the lantern panes every half hour so that the light might not be dimmed.
  A cold bright morning, and then snow, thermometer {temp} degrees.
  Snow lay two inches deep in the yard, printed all over by the hens.
  ! The snow came sideways and stopped for nothing.
  Snow in the night, and more of it at {morning}.
  Snow on the wind, force {force} from the {wind}, and a sea the colour of slate.
  The island lay white from end to end, with the tower whiter than it liked.
sail
  At {first_watch} the {rig} {ship} passed inside {reef}, bound for {port} with {cargo}.
  Sighted the {rig} {ship} at {first_watch}, bearing {bearing}, all plain sail set and making good way.
  The {rig} {ship}, of {port}, came by at {first_watch} and dipped her ensign, which we returned.
  A sail to the {bearing} at {first_watch} proved to be the {ship}, {a rig} laden with {cargo}.
  At {first_watch}, the {ship}, {a rig} in the {trade} trade, stood close in and asked for the time by signal.
  ! One {rig} only: the {ship}, outward bound, her sails {sailcloth}.
  The {ship} worked past against the tide at {first_watch}, a smart {rig} and very well handled.
  At {first_watch} Fairlow called down that {a rig} was in sight, and by her {mark} we knew her for the {ship}.
  The {rig} {ship} anchored in the lee of the island at {first_watch} to wait for the tide.
  Passed, at {first_watch}: the {ship}, {rig}, from {port} with {cargo}.
  Saw the {ship} at {first_watch}, a handsome {rig} with {sailcloth} sails, going north in no hurry at all.
  The {rig} {ship} signalled at {first_watch} that she was {days} days out from {port}.
  Sighted to the {bearing}, at {first_watch}, the {rig} {ship}, from {port} for {port}.
  At {first_watch} the {ship}, {rig}, crossed the bay with {cargo}, heeling prettily.
  The {rig} {ship} was abreast of {reef} by {first_watch}; we exchanged numbers and good wishes.
  Signalled the {rig} {ship} at {first_watch}; {count} days from {port}, all well.
  ! The {ship} came up from the {bearing} at {first_watch}, and no {rig} on this coast is better kept.
  A deep-laden {rig}, the {ship}, beat slowly by from {first_watch} with {cargo} for {port}.
steam
  At {first_watch} the {rig} {ship} went by under a long brown smoke, bound for {port}.
  The {rig} {ship} passed at {first_watch} and blew her whistle twice.
  Smoke to the {bearing} at {first_watch}; it grew into the {rig} {ship}, deep with {cargo}.
  Sighted the {ship}, {rig}, at {first_watch}, bearing {bearing}.
  ! The {rig} {ship} came so near at {first_watch} that we could read the cook's face.
  At {first_watch}, the {rig} {ship}, from {port} with {cargo}, steaming hard to save her tide.
  Passed, at {first_watch}: the {ship}, {rig}, outward bound in ballast.
  ! The {rig} {ship} stopped her engines off {reef} at {first_watch}, considered the matter, and went on.
  At {first_watch} the {rig} {ship}, {days} hours from {port}, exchanged signals.
  The {rig} {ship} towed {count} empty barges past {reef} at {first_watch}.
  Reported the {rig} {ship} at {first_watch}, bound {bearing}, all well on board.
  ! The {ship}, {rig}, altered course at {first_watch} to give {reef} the respect that is due to it.
  At {first_watch} the {rig} {ship}, light, for {port}.
  The {rig} {ship} went {bearing} at {first_watch}, a day before her time.
  ! The {rig} {ship} was here by {first_watch}, with a brass band on her after deck, practising.
storm_ship
  At {first_watch} we made out the {rig} {ship} to the {bearing}, under very little canvas and glad of it.
  ! The {rig} {ship} ran past before the wind at {first_watch}, and there was no one on deck who was not tied to \
it.
  ! Saw the {ship}, {rig}, hove to beyond {reef} at {first_watch}; she rode it out well.
  ! The {rig} {ship} was in sight for an hour from {first_watch}, more often under the water than upon it.
  One vessel seen, the {ship}, {a rig} of {port}, clawing off the land at {first_watch} with her lee rail buried.
  At {first_watch} the {ship}, {rig}, asked us by flags for the depth over {reef}; I hope she could read the \
answer.
  At {first_watch} the {rig} {ship} came round {reef} with one sail left out of all she owned.
  Saw a light or a spark to the {bearing} at {first_watch}; it was the {ship}, {rig}, and her galley chimney.
  The {ship}, {rig}, passed at {first_watch}; we showed a flag, and a man tied to the wheel took off his hat.
  At {first_watch} the {rig} {ship} ran in behind {reef} for shelter and dropped both anchors.
fog_ship
  At {first_watch} a horn sounded to the {bearing}, twice, and did not sound again.
  Heard oars and a man coughing, close under the north side, at {first_watch}; we hailed and had no reply.
  ! A steamer felt her way past at {first_watch}, calling like a lost cow.
  ! Some vessel rang her bell for an hour to the {bearing}; we answered her stroke for stroke until she drew off.
  ! At {first_watch} a voice out of the fog asked what island this was, and thanked us very civilly when told.
  ! No ships seen, but {count} were heard, and one smelt, for she carried fish.
  ! From {first_watch} we heard somebody playing a concertina on the water, slowly, to keep himself company.
  At {first_watch} the fog opened like a door upon {a rig} at anchor, and shut again.
  A bell to the {bearing} at {first_watch}, and later a second bell, arguing with it.
  At {first_watch} we heard a whistle, and the slow thump of a screw going {bearing}.
snow_ship
  ! At {first_watch} the {ship} went by with her rigging furred white, {a rig} made of sugar.
  The {rig} {ship} passed at {first_watch}, all hands beating the snow out of her sails.
  Between two showers we had a sight of the {rig} {ship}, bound for {port}.
  The {ship}, {rig}, burned a flare at {first_watch} to ask where she was, and our light told her.
  At {first_watch} the {rig} {ship} came out of a squall to the {bearing} and went into the next one.
  The {ship}, {rig}, lay under the island from {first_watch} until the sky cleared.
no_ship
  No ships today.
  ! Nothing passed, unless one counts a barrel, going {bearing}.
  An empty horizon from dawn to dark.
  ! The sea was left entirely to the gannets.
  ! No sail in sight, though Fairlow searched for one until his eye watered.
  ! Not a ship all day; one might think that the world had been put away.
  Nothing in sight but {count} fishing boats off {reef}, and they did not stay.
  We saw no vessel of any kind.
  ! Nothing in sight at any hour; the telescope was dusted and put away.
follow
  ! Her master is a cousin of {villager} and has never been known to wave first.
  She asked for news, and we had none to give her.
  I make that her {ordinal} passage since I began to keep count.
  ! Fairlow entered her in his private list, which is neater than this one.
  ! She was last here in a thick fog, and we were pleased to see what she looked like.
  ! Somebody aboard held up a child to look at us.
  ! Mrs. Quill says that her cook once served boiled gull, and will not hear her praised.
  ! Brody remarked that she was built on a Friday and would come to no good.
  ! There was a pig upon her deck, perfectly at ease.
  ! She wanted to know whether we had seen her consort, the {ship2}; we had not.
  ! Her paint was new, and she knew it.
  We watched her as far as {reef}, and then the haze took her.
  ! She had a lamp burning at her stern which somebody had forgotten to put out.
  ! I have seen worse, and told Fairlow so, which from me is praise.
  ! A man at her rail called out something about potatoes, and we have been puzzling over it since.
  ! She has changed owners and looks the better for it.
  Her crew were singing, and kept it up as long as we could hear them.
  She was low in the water and careful about it.
  ! Her flag was upside down; we pointed this out, and were thanked.
  ! She had lost a boat from her davits somewhere on the way.
  She reported ice to the north of {port} and a dead calm beyond.
  She carried {count} passengers, all on deck, and all of them waving.
  ! All well on board, and a child born on the {ordinal} day out.
  ! Her mate held up a slate with the longitude upon it, and we held up ours; they agreed.
  ! We are always glad to see her, for she never asks us anything.
  ! Her captain's wife was hanging out shirts in the rigging.
  She means to be back before the month is out.
  ! I noted her draught, her colours, and the state of her ropes, which was poor.
  She is to be docked at the month's end.
  She complained of head winds.
  She made no signal.
  She asked us to report her, which was done.
chore
  ! Fairlow cleaned {part} with {polish}, and sang while he did it.
  ! Brody oiled {part} and declared that it would see us all buried.
  ! Mrs. Quill turned out {room} from top to bottom, and we ate our dinner standing.
  ! Cleaned the lens, all {panes} prisms of it, which took us until {afternoon}.
  ! {hand} and I carried {drums} cans of oil from the store to the service room, {stairs} steps each way.
  ! Took down {fixture} for mending and found that it had been mended before, by a worse hand than ours.
  ! Brody repaired {fixture} with {material}, and it may now be expected to outlast the island.
  ! Fairlow mended {fixture} with {material} and stood back from it so proudly that he fell over the bucket.
  ! The clockwork was running {seconds} seconds slow in the hour; I corrected it with a turn of the regulating \
screw.
  Wound the weight at the proper hours and greased the chain.
  {hand} blacked the stove in {room}.
  Splinters in {woodwork} again; we planed it down and rubbed it with {polish}.
  ! Trimmed the lamp at {night}, the flame having grown a horn on one side.
  ! I checked the clocks against noon and found the kitchen clock {minutes} minutes ahead, as it likes to be.
  ! Counted the stores in {room}: {tally} tins of {tinned}, {count} of {tinned}, and one without a label.
  The pump lost its suction at {morning}; {hand} cured it with {material}.
  ! Brody has resoled his boots with {sole} and walks like a man upon eggs.
  ! Mrs. Quill sewed a new curtain for the lantern, to keep the sun off the lens by day.
  ! A morning of small jobs: a hinge, a latch, a cracked pane, and the handle of the coal shovel.
  ! {hand} swept the lamp-room chimney and came down as black as a boot.
  Filed the burners, washed the funnels, wiped {part}, and filled in the oil return.
  ! I wrote up the oil account and made it {pints} pints too little, then too much, then right.
  Put fresh tallow upon {part}.
  ! {hand} darned {count} pairs of stockings and lost a needle in the hearthrug.
  ! Brass day. {part^} took {polish} and two hours, and will be dull again by the end of the week.
  ! The window of {room} will not shut; Brody planed it, and now it will not stay open.
  ! Aired the flags and found a mouse's nest in the letter Q, which we seldom need.
  ! Fairlow took {fixture} to pieces, to see how it was made, and Brody put it together again.
  {hand} patched {fixture} with {material} and said no more about it.
  Cleaned {part} and the windows of {room}.
  ! We tested the spare burner for an hour; it smoked at first, and then behaved.
  {hand} washed the lantern panes inside and out.
  {hand} filled the oil tanks, and I signed for {pints} gallons.
  ! Strained the oil through flannel and found a spider in it.
  Put a new handle upon the {tool}.
  ! Sharpened the {tool}, the {tool} and, as the stone was wet, every knife in the kitchen.
  ! We changed the clockwork rope, which had {count} broken strands.
  ! {hand} repainted the numbers upon the fire buckets, and we now have two that are number {count}.
  Tested {part} after supper and could find no fault in it, though we tried.
  ! The stovepipe in {room} came down at {morning}; it was put up again with {material} and strong language.
  ! Mrs. Quill mended the flags, and sewed {count} buttons upon people as they passed.
chore_out
  Scraped and painted {fixture}; two coats, the second one necessary.
  ! {hand} spliced the rope on the landing stage where the rock had chafed it.
  ! Burned the rubbish behind {place}, with the wind well chosen.
  ! We limewashed {place} and a good part of ourselves.
  ! Fairlow found a leak in the roof of {place} and put a basin under it; Brody found the basin and moved the \
leak.
  ! Took the boat out of the water and looked over every plank; {count} will have to be replaced.
  ! The ladder to {place} wants a rung, and the rung wants a carpenter; we have made do with {material}.
  ! Cut new steps for the path below {place}, the old ones being more of a rumour than a stair.
  ! We shifted the coal from the landing, {sacks} sacks, before the tide could argue.
  ! {hand} cleared the gutters of {place}, finding a spoon, a crab's claw and half a kite.
  ! Renewed the lashings upon the boat's cover and gave her a name-board at last.
  {hand} tarred the roof of {place}.
  ! Dug out the drain behind {place} and recovered {count} forks.
  We hauled {fixture} into the yard and scrubbed it with sand.
  Pointed the wall of {place} with new mortar, on the weather side.
  ! {hand} and I painted the gallery rail, working from both ends, and met at {afternoon}.
  ! Beat the carpets on the wall of the yard; the dust went to {port}.
  Carried up {sacks} baskets of shingle for the path.
nature
  ! A seal lay upon the landing steps until {afternoon} and would not move for the broom.
  ! There were {tally} seals on {reef} this morning, all of them singing.
  ! A small owl, quite worn out, slept in the coal-house and left at dusk without a word.
  ! Found a glass float in {cove}, green as a bottle and not a scratch upon it.
  Porpoises at {afternoon}, going {bearing} in a long line, like a needle through cloth.
  The tide left us {driftwood}, which Brody has claimed for a shelf.
  ! A heron stood in {cove} so long that Mrs. Quill began to set her clock by him.
  Picked up {driftwood} in {cove}.
  ! The gannets were diving off {reef} as if they were paid by the fish.
  ! A rock pool in {cove} held a lobster of a dark and thoughtful blue; he is now soup.
  ! Two ravens flew over, talking, and Brody would not look up.
  ! The moon rose at {evening}, so large and yellow that Fairlow took it for a ship on fire.
  ! After dark the wake of every fish was bright; the whole of {cove} burned green.
  ! A falling star at {night}, seen by two of us and therefore entered.
  ! Found in {cove} a starfish with six arms, which is one above the regulation number.
  The tide was so low at {afternoon} that one could have walked to {reef} in slippers.
  ! Saw a whale blow, to the {bearing}, at {afternoon}, {count} times.
  A cormorant stood on the flagstaff all morning with his wings hung out to dry.
  {hand} caught {tally} {fish} from the rocks in {cove}.
  The seals on {reef} have young ones, white as pillows.
hens
  ! The hens have laid {tally} eggs this week, which is {count} more than they owed.
  ! The speckled hen got into {room} and was found upon the chart of the western approaches.
  ! Mrs. Quill has moved the hens behind {place}, out of the wind, and they have not forgiven her.
  ! One hen is missing; she has been found; she was in the flour bin, and so was an egg.
  ! The old hen, called the Duchess, chased a rat the length of the yard and came back looking taller.
  ! No eggs. Mrs. Quill read the hens a short lecture.
  ! The black hen has gone broody in the Inspector's chair.
  ! The hens have found a way through the fence of {place} and stand outside it, wondering why.
  ! {tally^} eggs this week, and one of them with two yolks.
  ! The brown hen roosts upon the {tool} and will not be argued with.
  ! The cock crew at {night}, having mistaken our light for the morning.
  ! The hens were let out at {morning} and came in again of their own accord.
supper
  Supper was {dish}, and nothing was left of it.
  We dined on {dish} and quarrelled pleasantly over the last spoonful.
  ! Mrs. Quill gave us {dish}; Brody said that he had eaten worse, and took more.
  ! It was Fairlow's turn to cook, and he made {dish}; the gulls were grateful.
  For supper there was {dish}, followed by {dish2}.
  ! Brody cooked, so we had {dish} again, boiled for luck.
  ! There was a little argument about who should wash the pot in which the {fish} had been boiled.
  A good supper of {dish}, eaten to the sound of {evening_sound}.
  We had {dish} at noon and again at night.
  {hand} made {dish}, with rather too much pepper.
  Dinner: {dish}, a heel of cheese, and the last of the {tinned}.
  ! A tin of {tinned} was opened and divided into four by measure.
  ! Bread was baked, {count} loaves, and one was eaten before it could be counted.
  {hand} caught a {onefish} from the landing, and we had it with butter.
  {dish^} for supper, hot, and enough of it.
  I made {dish} and {hand} washed the plates.
  Supper late: {dish}, kept warm on the stove for the man on watch.
evening
  In the evening Fairlow read to us from {book} until the candle gave out.
  ! Brody is carving {carving} from a piece of driftwood, and will not say for whom.
  ! We played draughts after supper; Fairlow lost {count} games and blamed the board.
  ! Mrs. Quill taught Fairlow to turn a heel, and he taught her a song that she has asked him to forget.
  ! I began the history of a murder again, having forgotten who did it.
  Brody told the story of {tale}, which grows by a fathom at each telling.
  A long quiet evening, with {evening_sound} and the scratch of this pen.
  ! Fairlow practised the flute on the gallery, at our request.
  We held the monthly concert: two songs, a recitation, and {evening_sound}.
  After supper I taught Fairlow {lesson}; he is quick, when he sits down.
  ! Mrs. Quill won {tally} matches from us at cards and burned them one by one where we could see.
  ! Brody smoked, Mrs. Quill knitted, Fairlow talked, and I ruled lines for next month.
  We sat late over {book}, taking a page each.
  ! Fairlow recited a poem of {tally} verses, and Brody asked what became of the horse.
  A game of dominoes, won by {hand}, with {evening_sound} for company.
  Early to bed, all but the watch.
  I wrote letters until {evening}; the others listened to {evening_sound}.
  ! Mrs. Quill read aloud from {book}, leaving out the parts she did not agree with.
  ! Fairlow tried to draw {hand}, and it came out as a walrus.
  We talked until late of {far_port}, where none of us has been for years.
lamp
  Lamp lit at {lit}.
  Lit the lamp at {lit}; flame clean, revolution true to the second.
  The lamp was lit at {lit} and burned well throughout the night.
  Lamp lit at {lit}, {hand} taking the first watch.
  ! Light shown from {lit}, and not one minute after it was due.
  Lamp lit at {lit}; {hand} has the middle watch.
  ! At {lit} the lamp; then supper; then the stars, or as many of them as were wanted.
  We lit at {lit} and all was well.
  Lamp lit at {lit}. Oil used last night, {pints} pints.
  Lamp lit at {lit}; a clear and steady light.
  The light was shown at {lit}, {hand} on watch until midnight.
  Lit up at {lit}. Clockwork wound; oil, {pints} pints.
  ! Flame raised to its full height by {lit}, and no smoke.
  Light at {lit}.
  Lamp lit, {lit}; watches as usual.
  The lamp was lit at {lit}. {hand^} relieved me at midnight.
  Lit at {lit}, {hand} attending.
letters
  The post came over with {boatman}: a bill, a seed list, and a letter for Brody from {relation}.
  ! {boatman^} brought me a letter from {relation}, who asks whether I am still fond of the sea.
  Wrote to the Board for {supply}, and to {villager} for {supply2}.
  ! The Board writes to ask why we have used {count} brooms in a year. I have replied that we swept with them.
  ! A parcel for Mrs. Quill from {relation}: a shawl, a cake, and advice about damp.
  ! A circular from the Board, in three pages, concerning the use of circulars.
  ! Brody had a letter from {relation}; he read it twice and put it in the stove, and then wrote a long answer.
  ! {boatman^} came with the newspapers of the past {days} days, and we read them in the right order, to be fair \
to them.
  ! A letter addressed to The Keeper of the Wrong Light; I opened it, as it seemed to be meant for us. It was.
  {villager^} writes that {gossip}.
  News by {boatman}: {gossip}.
  I have asked the Board once more for {supply}; this makes the {ordinal} time.
  ! Received from the Board, after {count} requests, {supply}, of the wrong size.
  ! Mrs. Quill had three letters from {relation}, each of them taking back the one before.
  ! A catalogue of lamp glasses came from {port}, and Brody reads it as other men read novels.
  Sent off by {boatman} the monthly returns, {count} sheets, with one blot.
  ! {villager^} sends us a jar of honey and asks for the jar.
  ! A postcard to all of us from {relation}: {gossip}.
visitors
  {visitor^} landed at {afternoon} and was shown over the tower, all {stairs} steps of it.
  We had a visitor: {visitor}, who stayed for dinner and praised the {fish}.
  {boatman^} put in at {morning} with {a goods} and stayed to talk until the tide turned.
  ! {visitor^} came ashore, asked whether we were ever lonely, and talked for two hours without waiting to hear.
  ! Two ladies from {port} came with {boatman} to sketch the tower, and made it lean.
  ! {villager^} rowed over to borrow {a goods}, and forgot to take it home.
  ! {visitor^} signed the book and wrote, under Remarks, the single word "Steep".
  At {afternoon} {visitor} was landed with {a hamper}, and was ill on both crossings.
  ! A party of {tally} from {port} walked round the island in forty minutes and asked where the rest of it was.
  ! {boatman^} brought {visitor}, wished him joy of us, and fetched him away again at {evening}.
  ! {boatman^} brought over {villager}, who had not been off the mainland for {days} years.
  {villager^} came to dinner and told us that {gossip}.
  {visitor^} was to have come today, but sent {a goods} instead.
  At {morning} {boatman} landed {a goods} for us and took off the empty cans.
cold
  ! Ice in the wash-basin; Brody broke it with the hairbrush and went on as if nothing had happened.
  ! The oil ran thick as honey, and we warmed each can beside the stove before it was carried up.
  ! So cold on the gallery that Fairlow's mitten stayed on the rail when he left it.
  ! Mrs. Quill has issued a second blanket to each of us and taken the receipt.
  ! The pump froze at {night}; we thawed it with hot bricks and hard words.
  ! Frost flowers on the lantern panes, very handsome, and all wiped off by {morning}.
  ! We moved the table nearer to the stove, and the stove, Brody says, took no notice.
  ! Icicles as long as a man's arm along {place}; Fairlow fenced with one and lost.
  ! Thermometer {temp} in the yard, and not much more in the spare bedroom.
  ! The ink froze in the lamp-room, and part of this was written in pencil.
  We stuffed the window of {room} with {stuffing} to keep out the draught.
  ! {hand} has chilblains and reads to us from the label of the ointment.
  ! The landing steps were glazed with ice; we spread ashes, and went down sitting.
birds
  ! The puffins stand about upon the Brow like deacons after a sermon.
  ! Terns are nesting on the path to {cove}, and we go round by the wall with our hats held over our heads.
  ! A wren is building in the pocket of the old oilskin behind the door; the oilskin is not to be moved.
  ! Counted {tally} eider ducklings in {cove}, paddling after their mother in three untidy lines.
  ! The young gulls walk about the yard and whistle for their dinners.
  ! A cuckoo called from the garden wall at {morning}, far out of her parish.
  ! The kittiwakes on {reef} have so much to say that one cannot hear the surf.
  ! A pair of oystercatchers have three eggs among the stones of {cove}, in the middle of the path.
  ! Young wagtails in the gutter of {place}, all mouth.
  {tally^} puffins were counted on the Brow at {evening}; they would not stand still to be checked.
passage
  ! Northern lights at {night}, thin and green; I woke the others, and only one of them complained.
  ! Geese went over at {night}, very high, and we heard them for a quarter of an hour.
  ! The lantern was full of small birds last night; we opened a pane and let {count} of them out at dawn.
  ! The swallows left today, after a meeting on the bell-house roof.
  ! Thrushes in the garden, hundreds of them, resting upon every stalk; by noon they were all gone.
  ! A woodcock struck the gallery at {night}. Mrs. Quill was sorry for it, and made a pie.
  ! The last puffin went {count} days ago, and the Brow looks like a church on a Monday.
  ! A tired warbler rode upon the flagstaff halyard until {afternoon} and then went on, {bearing}.
  ! Small birds in the beam at {night}, like sparks going round a wheel.
garden
  ! Planted {vegetable} in the walled garden, under a net, under protest from the gulls.
  ! The {vegetable} are up, a thin green line that could be hidden by one determined hen.
  Carried seaweed to the garden, {sacks} sacks, and dug it in while the smell was fresh.
  Thinned the {vegetable}; the thinnings went to the hens, who think little of them.
  ! Salt wind has burned the {vegetable} along one side; the other side is holding its breath.
  ! Put sticks among the {vegetable} and string among the sticks, and caught {hand} in it twice.
harvest
  ! Weeded the {vegetable} until {afternoon}, at which hour {hand} saw that we had been weeding out the \
{vegetable}.
  ! The first dish of our own {vegetable}, one forkful to each of us, eaten in silence and with respect.
  ! Fairlow has built a scarecrow in an old uniform, and {boatman} saluted it.
  ! Dug the {vegetable}, and got back very nearly as many as we had put in.
  {sacks^} good {vegetable} lifted, washed and laid in sand; the bad ones are for tonight.
  ! Something has eaten the hearts out of the {vegetable}. The hens look at one another.
overdue
  Nothing yet of the Constance Vail.
  Searched the west with the large telescope at dawn and at dusk for the Constance Vail. Nothing.
  Each ship that passes is asked for news of the Constance Vail; each one makes the same answer.
  Fairlow has pinned the signal letters of the Constance Vail over his bunk, so as to know them in his sleep.
  Brody no longer speaks of the Constance Vail, which is his way of speaking of her.
  A barque to the {bearing} at {afternoon} set us all running for the stairs; but she was only the {ship2}.
  I keep a page at the back of this book for the Constance Vail. It is still white.
  Mrs. Quill has put a candle in the west window of the kitchen and gives no reason for it.
  Boats from Pell Harbour have walked the shore as far as {reef} for signs of the Constance Vail, and found none.
  Asked the {ship2} by signal whether she had spoken the Constance Vail. She had not.
wick_lost
  The twelfth wick is still wanting.
  Fairlow has looked for the wick inside the clock. Why inside the clock? He could not say.
  Brody counted the wicks again: eleven. He counts them every night, like a miser with a grievance.
  Mrs. Quill has been through the mending basket a third time, and found a thimble, but no wick.
  I have moved the box of wicks to my own room, and sleep no better for it.
  Lifted two boards in the service room in search of the wick, and nailed them down again over nothing.
  The form for the loss of a wick asks for the colour of the wick. I have written white, and then, in honesty, \
whitish.
stray
  The dog slept in the porch, with one eye open towards Brody.
  Fairlow calls the dog Admiral; Brody calls him That Animal; the dog attends to neither.
  The dog will not come up the tower, but lies at the foot of the stair and counts us as we go by.
  The dog has learned the hour of dinner, and also, by his own research, where the butter is kept.
  Mrs. Quill combed the dog and took from him a quantity of burrs, tar and small shells.
  The dog goes off by himself every afternoon and comes back with sand on his nose. Where does he go?
wick_dog
  Wick barked at the bell for an hour, and the bell, he believes, gave in.
  Wick has made his peace with the speckled hen, on her terms.
  Wick carried the post from the landing in his mouth, and the Board's letter arrived somewhat softened.
  Wick sat through the whole of the first watch with Fairlow and gave no trouble, being asleep.
  Wick rolled upon a dead skate in {cove} and has been asked to live outdoors until Sunday.
  Wick gave the alarm at {night}: it was a seal, on the steps, with every right to be there.
  Brody, who cannot abide dogs, has built a kennel with a porch, and lined it with his second-best coat.
  Wick brought in a boot from {cove}, the left one, and on being civilly asked went back for the right.
  Wick sings when Fairlow plays the flute, and is thought to be the better musician.
  Mrs. Quill says that Wick is not to be fed at table. Everyone agreed, and everyone dropped something.
  Wick met his first crab today, and will not discuss it.
  Bathed Wick in the rain-tub; all four of us were needed, and all four were bathed.
  Wick now walks to the landing at the first sound of oars, and stands there like a harbour-master.
  Wick has buried {a trophy} among the {vegetable} for some purpose of his own.
  Found Wick at the top of the tower, looking out to sea. He had climbed all {stairs} steps alone, and wished to \
be carried down.
tea
  Two pots upon the stove at breakfast, and not a word between them.
  Brody and Mrs. Quill passed on the stair today, and each gave way so coldly that neither of them got by.
  Drank one cup from either pot, in fairness, and did not sleep.
  Mrs. Quill has tied a red ribbon to her teapot, lest there be any mistake.
  Brody has scratched a B on the bottom of his cup.
  The chalk line on the dresser was renewed this morning, by which party I did not ask.
  Fairlow, as the only keeper on terms with both sides, carries the salt across.
  Wick lies exactly upon the chalk line and is fed from both countries.
  Brody asked me to ask Mrs. Quill for the bread. She was sitting beside him.
  I tried to make peace by asking for cocoa. It was not well taken by either side.
  The pound of tea has not been found, and is now spoken of as one speaks of the dead.
  Mrs. Quill hums at her work, always the same tune; Brody believes it to be about him.
peace
  One pot of tea at breakfast, and all of us near it.
  Brody and Mrs. Quill have been so polite of late that Fairlow has asked whether something is the matter.
  Brody poured for Mrs. Quill this morning without being asked. She said that it was nearly right.
  Not a word is said about borax in my hearing, though I sometimes come in upon the end of a laugh.
  The old chalk can still be seen on the dresser, if one knows where to look; we all know where to look.
courting
  Fairlow has written to Miss Crane again, five pages, and asked me how to spell "luminous".
  A letter for Fairlow in a round clear hand. He read it on the gallery, alone, with his cap on backwards.
  Fairlow is learning {lesson}, because Miss Crane had happened to mention it.
  Fairlow asked Brody for advice about ladies. It was short, and he seems to have wished it shorter.
  Sixteen pages to Miss Crane by today's boat; {boatman} asked whether he should charge it as freight.
  Fairlow pressed a sea-pink in the signal book, under W, and believes that no one knows.
  Miss Crane has sent Fairlow a map of the stars, drawn by her pupils; there are several new ones.
  Fairlow had no letter this week, and polished the whole of the gallery rail without being told to.
betrothed
  Fairlow wrote to Miss Crane, to Mrs. Crane, and by mistake to the Board, in the same terms.
  Fairlow has measured the second cottage for curtains, with the sounding line.
  Mrs. Quill is teaching Fairlow to keep accounts, as a married man must.
  Brody has finished his carving: it is a cradle. He says that it is for kindling.
talk
  "Is that a sail?" cried Fairlow. "There, by {reef}! Do look!" | "That is a gull," I said. "It is some two \
hundred yards away, and it is looking at you."
  "Mark me," said Brody, "no good ever came of a red sunrise and a clean plate on the same day." | "Then leave \
something on your plate!" said Fairlow.
  "Fairlow, your boots," said Mrs. Quill. | "What about my boots?" | "They are on my floor. Were they ever off \
it?"
  "D'you think there are whales out there, Mr. Marrick? Real ones? Now, this minute?" | "I should think it \
likely," I said. "I should think it equally likely that the lens is still dirty."
  "I had an uncle who whistled on a stair," said Brody. "Once." | "What happened to him?" | "He went on \
whistling," said Brody, and shook his head.
  "Who left the lid off the flour?" said Mrs. Quill. "I ask only so that I may know whom to starve."
  "By thunder, it's cold!" said Fairlow. "Is it always as cold as this?" | "No," said Brody. "Sometimes it's \
winter."
  "You have entered the wind as cheerful," I said. "There is no such wind in the tables." | "But it was, sir!" \
said Fairlow. "Shall I put down force four and cheerful?"
  "A penny for them, Mr. Brody," said Fairlow. | "They're worth more than that, and they're sadder than you could \
afford," said Brody.
  "Would you say that {part} was clean, Mr. Fairlow?" I asked. | "I'd say it was very nearly clean, sir." | "Then \
I would say that you had very nearly finished."
  "What's for supper?" asked Fairlow. | "Patience," said Mrs. Quill, "with {dish} to follow."
  "My grandmother kept {reef} in her eye all her life," said Brody, "and she never trusted it, and she died in \
bed. Learn from that."
  "I'll wager you a shilling I can run to the top without a stop!" said Fairlow. | "You owe me {count} shillings," \
said Brody. "Run up and fetch those."
  "How long have you kept lights, Mrs. Quill?" asked Fairlow. | "Since before you could hold up your head. I see \
no great change in that respect."
  "It will rain," said Brody. | "When?" | "Before you're ready. It always does."
  "There are exactly {stairs} steps," I told Fairlow. "You need not report a different figure every week." | "But \
I keep losing one, sir! Where does it go?"
  "Sit, eat, and tell me nothing about the sea until the plate is empty," said Mrs. Quill. "That is an order." | \
"Yes, ma'am!" said Fairlow, and obeyed the first two parts of it.
  "Never count your eggs aloud," said Brody. "Hens have ears." | "Where?" said Fairlow. "Truly, where?"
  "Mr. Marrick, is it true that you once lit the lamp in your nightshirt?" | "It was lit at the proper time," I \
said. "The log-book does not ask for more."
  "When I'm a principal keeper," said Fairlow, "I shall have a parrot!" | "When you are a principal keeper," I \
said, "you will have forms."
  "I don't say the boat will sink," said Brody. "I say I've looked at her, and she's looked at me."
  "Who was singing at {night}?" asked Mrs. Quill. | "I was, ma'am. It was a sad song. Didn't you like it?" | "It \
grew sadder as it went along."
  "If the Board were to give us one thing, what would you ask for?" said Fairlow. "Anything at all!" | \
"{supply^}," I said. | "A younger knee," said Brody.
  "You have wound the clock twice," I said. | "Better than not at all, sir?" | "It is now tomorrow in the \
kitchen."
  "Hark at that wind," said Brody. "It has a word in its mouth, and I don't care to know what it is."
  "Is this soup or washing water?" said Fairlow. | "That," said Mrs. Quill, "is for you to find out. The other one \
is on the bench."
  "What does the {bearing} look like to you, Mr. Brody?" asked Fairlow. "Dark?" | "Everything's dark if you look \
at it long enough, lad."
  "I make it {glass}, Mr. Marrick." | "I make it {glass} also, Mr. Fairlow. We are either both right or both \
short-sighted."
  "Those are my good scissors," said Mrs. Quill. "May I ask what that is upon them?" | "Tar," said Fairlow \
faintly. | "And may I ask when it will not be?"
  "I dreamed of a white horse in the sea," said Brody. | "Is that lucky?" | "Not for the horse."
  "Look at it!" said Fairlow. "Miles and miles of it! Doesn't it make you want to shout?" | "I have never found \
that it required encouragement," I said.
  "Have you ever been afraid up here, sir?" said Fairlow. | "Twice," I said. "Once of the sea, and once of the \
Inspector."
  "Wipe your hands, comb your hair, and bring in the coal," said Mrs. Quill. | "In that order, ma'am?" | "Try it \
in that order, and see what you learn."
  "They say {gossip}," said Fairlow. "Would you believe it?" | "I'd believe worse," said Brody, "and be right."
  "A cracked cup is an open door," said Brody. "My father told me that." | "An open door to what?" | "He never \
said. He was always a careful man."
  "May I ask, Mr. Fairlow, what you are doing under the table?" | "Looking at it from below, sir! It's quite a \
different table!"
  "Do you suppose they can see us from Pell Harbour?" asked Fairlow. | "They see the light," I said. "It is all \
that we are asked to show them."
talk_both
  "Shut the door, Mr. Brody," said Mrs. Quill. "Were you raised in a field?" | "By the sea," said Brody. "It has \
no doors, and nobody complains."
  "I'll say nothing against the pudding," said Brody. | "You had better not." | "I'll say nothing for it, \
neither."
  "You look like a wet week, Mr. Brody," said Mrs. Quill. "Is it your tooth?" | "It's my nature," said Brody. "The \
tooth is extra."
  "How many sacks of coal?" asked Mrs. Quill. | "{count^}," said Brody, "and a bad feeling." | "I shall write down \
the sacks."
  "There's a hole in this sock," said Brody. | "There had better be," said Mrs. Quill, "or how do you propose to \
get your foot in?"
  "Winter's not done with us," said Brody. | "It may please itself," said Mrs. Quill. "I have {tally} tins of \
{tinned} and a clear conscience."
  "Eat your greens, Mr. Brody." | "I've seen what grows on sailors who eat greens," said Brody darkly. | "Health," \
said Mrs. Quill.
talk_tea
  "Kindly tell Mr. Brody that his elbow is on my side of the dresser," said Mrs. Quill. | "She says your elbow, \
Mr. Brody," said Fairlow. | "Tell her it's a free elbow."
  "Tell Mrs. Quill that the kettle has boiled," said Brody. | "Tell Mr. Brody," said Mrs. Quill, "that I have \
ears." | "Must I?" said Fairlow.
  "What is it that the man does to it?" Mrs. Quill asked the dog. "Does he make tea, or does he tan leather?"
  "I've known shipwrecked men refuse tea like hers," said Brody. "Out of the sea they came, and looked at it, and \
went back in."
  "Couldn't we all just drink water?" said Fairlow. | There was such a silence that I heard the clockwork running, \
four floors above us.
  "Her tea's so weak it had to be helped out of the pot," said Brody, to the wall. | "There is a draught in here," \
said Mrs. Quill, to the stove. "I think it is coming from a mouth."
talk_dog
  "Who is a good dog?" said Fairlow. "Who is the best dog on the whole of Corvane?" | "He is the only dog on the \
whole of Corvane," I said. "The question does not arise."
  "That dog looks at me as if he knew how I shall end," said Brody. | "He looks at you as if you had a sausage," \
said Fairlow. "Have you?" | "I have," said Brody, and gave it up.
  "Down," said Mrs. Quill. Wick lay down. "You see how simple it is, Mr. Fairlow? I can do it to people, too."
  "Can a dog be entered as crew?" asked Fairlow. | "There is no column for it," I said. "I have looked."
  "He stole my pipe," said Brody. "He took it out of my hand and laid it in the sea. It was a considered act." | \
"It was a kindness," said Fairlow.
talk_fog
  "Are you there, Mr. Brody?" called Fairlow across the yard. | "No," said Brody's voice. "I was lost in the fog \
at {morning}. This is only what I left behind."
  "One stroke every thirty seconds," I said, "is not twenty-eight, Mr. Fairlow." | "My arm counts fast when it's \
tired, sir!"
  "I can't see my own hand!" said Fairlow. | "Then it is a good chance to wash it," said Mrs. Quill, "while no one \
is looking."
  "Fog's just the sea come up to see what we're about," said Brody. "You don't want to let it know."
talk_gale
  "Did the whole tower move just then?" asked Fairlow. "I felt it! Did you feel it?" | "It is built to move," I \
said. "You may be anxious on the day that it stops."
  "What was that?" cried Fairlow. | "A bucket," said Mrs. Quill. "It was mine. It now belongs to the parish of \
Pell."
  "I've heard worse," said Brody. | "When?" | Brody listened for a while. "No," he said. "I haven't."
  "Hold the lantern, hold the rope, and hold your tongue," said Brody. "The wind's listening for a name to call."
bearing
  north
  south
  west
  north-west
  south-west
  south-east
  north-east
sole
  an old fire-hose
  a leather strap
  a piece of sailcloth
trophy
  slipper
  spoon
  marrowbone
  clothes-peg
  candle
  odd glove
reef
  the Anvil
  the Three Widows
  Cutler's Ledge
  the Long Tongue
  Parson's Rock
cove
  Kettle Cove
  the north cove
  Otter Gut
  Spindle Bay
place
  the oil store
  the boathouse
  the bell-house
  the coal-house
  the wash-house
  the signal hut
  the paint shed
room
  the service room
  the kitchen
  the pantry
  the spare bedroom
  the watch room
part
  the brass of the lens carriage
  the clockwork
  the great burner
  the gallery rail
  the roller path
  the lamp pump
  the lantern frame
  the driving chain
polish
  rottenstone and oil
  whiting
  spirits of wine
  vinegar and salt
  beeswax
  an old shirt
fixture
  the landing ladder
  the gallery door
  the wash-house bench
  the flag locker
  the pantry shelf
  the yard gate
  the oil hoist
  the hand-barrow
  the fire screen
  the weather-vane
stuffing
  oakum
  old newspapers
  a flannel petticoat
woodwork
  the landing ladder
  the wash-house bench
  the pantry shelf
  the yard gate
  the gallery door
material
  copper wire
  a leather strap
  half a barrel stave
  tarred twine
  ship's nails
  a piece of sailcloth
  an old oar
loose
  a shutter
  a length of gutter
  two slates
  the clothes-post
  a water butt
driftwood
  a baulk of good pine
  a ship's hatch-coaming
  a wicker chair without a seat
  an oar with a heart cut in the blade
  a cask stave, {bitten}
  a drawer full of wet sand
bitten
  bored through by worms
  stamped with a crown
  much bitten by some animal
supply
  a new bell rope
  window glass
  a second telescope
  lamp scissors
  a tin of green paint
  a clock that keeps time
  stair carpet
supply2
  a hundredweight of potatoes
  flannel
  seed onions
  a ball of string
  lamp-black
  three pounds of nails
boatman
  the carrier
  old Tobias Renn
  the Pell Harbour ferryman
  young Peter Loft
villager
  Mrs. Alder of the chandlery
  the Widow Sark
  Mr. Pym the sexton
  the harbour-master
  Mrs. Dunmore
visitor
  a gentleman who collects mosses
  a pedlar of needles and almanacs
  a student of tides
  a painter of ships
  the new curate of Pell Harbour
  a maker of spectacles
  an elderly gentleman in search of echoes
  a piano tuner who had taken the wrong boat
  a surveyor with one chain and no assistant
hamper
  hamper of cold chicken
  parrot in a covered cage
  easel and nine umbrellas
  enormous sponge cake
  barometer that disagreed with ours
goods
  sack of onions
  lantern
  cheese
  coil of rope
  eel-spear
  basket of crabs
  axe
  jar of pickles
relation
  an aunt
  a married sister
  a nephew at sea
  a cousin in {port}
gossip
  the school at Pell Harbour has a new bell and no rope
  the harbour-master's pig has won a ribbon
  Mr. Pym the sexton has been seen to smile
  the price of lamp oil is to rise by a farthing
  the church clock has stopped at ten past four and is much more reliable
  the herring have come early and the buyers late
  the Widow Sark has refused the harbour-master again
  somebody has stolen the pump handle and left a better one
  the mayor of Marrowby has fallen into his own fountain
dish
  salt beef and dumplings
  pease pudding
  fried mackerel
  potato pie
  mutton broth
  barley stew
  boiled cod and mustard
  bacon and cabbage
  crab soup
dish2
  stewed apples
  a plain duff
  figs
  bread and treacle
  rice pudding
  an argument about the washing-up
fish
  ling
  haddock
  pollack
  skate
  herring
tinned
  peaches
  mutton
  sardines
  milk
  peas
vegetable
  potatoes
  leeks
  cabbages
  turnips
  onions
  carrots
book
  a sermon upon patience
  a treatise on bees
  the second volume of a novel in three
  the travels of a bishop
  the history of a murder
carving
  a gannet
  something with legs
  a very long spoon
  either a boat or a shoe
tale
  the bishop and the conger eel
  his grandfather's ghost
  the ship with two captains
  the winter of the frozen harbour
  the drowned fiddler
lesson
  the use of the sextant
  the names of the southern stars
  double entry
  the tying of a lamp-weight knot
  the rules of the comma
evening_sound
  the clockwork overhead
  the rain in the tank
  the surf in the cove
  Brody's pipe
  the kettle
port
  Marrowby
  Pell Harbour
  Strand Ferry
  Port Oriel
  Hallowmouth
  Great Sawle
far_port
  Hallowmouth
  Great Sawle
  Port Oriel
  the capital
cargo
  coal
  slates
  timber
  salt
  china clay
  barley
  oranges
  bricks
  hides
trade
  coal
  slate
  timber
  salt
  grain
  fruit
  wool
sailcloth
  tan
  patched
  weather-grey
  paper-white
  toast-coloured
mark
  crooked topmast
  green bulwarks
  patched mainsail
  yellow galley chimney
  figurehead
hand
  Brody
  Fairlow
  Mrs. Quill
count
  three
  four
  five
  six
  seven
  eight
  nine
tally
  eleven
  twelve
  fourteen
  seventeen
  nineteen
  twenty-three
days
  nine
  twelve
  eighteen
  twenty-six
  thirty-one
ordinal
  third
  fourth
  sixth
  ninth
  eleventh
seconds
  three
  four
  six
  nine
minutes
  two
  three
  five
  seven
pints
  nine
  ten
  twelve
  thirteen
drums
  six
  eight
  ten
  a dozen
sacks
  eight
  fifteen
  twenty
  thirty
panes
  two hundred and sixteen
stairs
  one hundred and forty-two
tool
  coal hammer
  garden spade
  boat-hook
  scythe
  shears
onefish
  fine bass
  small turbot
  large pollack
"""

FLEET = """
barque: Amber Tern, Lady Isobel, Northern Hope, Hesper, Prudence Rowe, Merrow
brig: Two Sisters of Sawle, Falconer, Thistledown, Good Margaret
brigantine: Oriel Rose, Ptarmigan, Evening Primrose, Saint Arden
schooner: Swift Annie, Cormorant Queen, Blue Ribbon, Mary Tregale, Wild Barley, Isolde
ketch: Plover, Honest Jack, Brother Martin, Lapwing
lugger: Silver Darling, Try Again, Old Friends
cutter: Nimble, Sandpiper, Harrier
steamer: Duke of Marrow, Invincible, City of Hallow, Vulcan, Queen Edda
collier: Black Diamond, Edith Mallow, Tynant
packet: Mercury, Royal Oak, Princess Ada
tug: Bulldog, Samson
"""
STEAM_RIGS = ("steamer", "collier", "packet", "tug")

# One block for a date: "@ month-day weather", then one paragraph to a line (long lines end in a backslash).
STORY = """
@ 01-01 strong
I begin a new book with the new year, the old one being full and somewhat chewed at the corners. Corvane Light \
stands on the western end of Corvane Island, nine miles from Pell Harbour, and shows one white flash every \
fifteen seconds. It is kept by four of us: myself, Abel Marrick, principal keeper; Silas Brody, first assistant; \
Mrs. Hester Quill, who came here as a keeper's wife and has stayed as a keeper; and Edwin Fairlow, second \
assistant, who is twenty-two.
"What shall we put on the first page?" asked Fairlow. "Something grand?"
"Put that the year is here," said Brody. "Don't go so far as to say it's welcome."
"Put that the coal is low," said Mrs. Quill, "and that somebody has been at the plum cake."
I have put all three.

@ 01-06 fresh
The tender Patience came off at 10:20 in the morning with the winter stores, and Captain Dunmore sent up a goose \
with his compliments. Received: forty cans of oil; six sacks of flour; one box of wicks, twelve in number; two \
lamp glasses; four pounds of tea; seven pounds of borax; one barrel of salt beef, which we could hear.
Mrs. Quill had the cough and was ordered to bed, where she gave orders of her own. I therefore put up the dry \
goods myself, in the tins provided, with a label on each. It is a simple matter if one goes about it with \
system.
"You have written the labels first," said Mrs. Quill through the wall. "I can hear that you have."
"That is the system," I said.

@ 01-13 light
A letter from the Board by the hand of old Tobias Renn. The barque Constance Vail, Captain Elias Roake, with \
coffee and dried figs, is to be looked for off this station between the 20th and the 25th of the month. We are \
to report her by signal to Pell Harbour as soon as she is seen. She has a white band, and a figurehead of a \
woman holding a lamp.
"A lamp!" said Fairlow. "Then she's one of us!"
"A woman with a lamp is well enough," said Brody. "It's when the lamp goes out that you want to look at her \
face."

@ 01-20 light
This is the first day on which the Constance Vail may be expected. Fairlow was on the gallery at 6:30 in the \
morning with the telescope, two scarves and a biscuit. He came in at noon with the telescope.

@ 01-25 strong
The last of the days appointed for the Constance Vail, and no sight of her. I do not call a ship overdue upon \
the stroke of the clock. A head wind will make a liar of any master.
"How long before we begin to worry?" asked Fairlow.
"I began on Thursday," said Brody.

@ 01-27 gale
I set down the events of the night in order. At 11:40 the lamp was burning clear. At 1:15 Fairlow, upon watch, \
saw a blue light to the north-west, low down, for as long as a man might count to ten. He called me. We saw \
nothing more. At 1:50 Brody believed that he had heard a gun, but the wind was making every sound that there is. \
No boat could have lived off the landing. We kept the light, which was all that we could do for anyone, and \
nobody went to bed.
"It was blue," said Fairlow. "I'm sure that it was blue. You do believe me, sir?"
"I have written it in the book," I said. "What is in the book, I believe."

@ 01-28 strong
At first light we went down to Kettle Cove, with ropes. There lay in the weed a ship's hatch-cover, a bucket, \
and some thirty feet of broken rail painted white. The bucket bore the letters C.V. Brody took off his hat. We \
searched each gully on the western side until dark, and called, and there was nobody, living or dead.
"Others have the same letters," said Mrs. Quill. "Charles Venn. Catherine Vane. A bucket is not a ship."
"No, ma'am," said Brody, gently for him. "A bucket is not a ship."

@ 02-04 snow
A strange thing, and a vexing one. I opened the box of wicks to renew the burner and found eleven. Twelve were \
received and twelve were signed for; I counted them myself on the 6th of January, and again on the 20th, when \
the box was left in the lower store to air. No wick has been drawn since. One wick is a small matter. A keeper \
who cannot account for one is not.
"Perhaps there were only ever eleven?" said Fairlow.
"There were twelve, Mr. Fairlow. I do not sign for perhaps."

@ 02-06 strong
We searched the station for the wick from the lantern to the coal-house. We found: a pair of spectacles lost two \
years ago; Fairlow's other flute; a letter to Brody, unopened, dated in the spring of last year; and ninepence. \
We found no wick.
"It was the lad," said Brody. "He had the store key on Tuesday. He'll have cleaned his boots with it."
"I never did!" cried Fairlow. "I never clean my boots at all! Ask anyone!"
"That is so," said Mrs. Quill. "I have always said it."

@ 02-09 light
I held an inquiry at the kitchen table and took evidence from each keeper in turn. Brody deposed that wicks do \
not walk. Fairlow deposed that he was innocent, and that it was raining. Mrs. Quill deposed that the door of the \
lower store does not latch, has not latched since the autumn, and that she had mentioned it to a certain \
principal keeper four times.
I have closed the inquiry. I have also mended the latch.

@ 02-14 snow
"Something has had the ham," said Mrs. Quill at breakfast.
There was no more to be said for some time. It was the large ham, and it had hung in the wash-house, upon a \
hook, five feet from the floor. The string had been bitten through. Brody was of the opinion that it was otters. \
I have looked up the otter in the encyclopaedia, and it is not credited with ham.

@ 02-21 snow
Fairlow came in at 8:10 in the morning so full of news that he had forgotten to shut the door upon it. There are \
prints in the snow: four feet, large, going from the wash-house towards the north side and lost upon the rocks.
"A wolf!" said Fairlow. "D'you think it's a wolf?"
"It is nine miles of sea from the nearest wolf," I said, "and he would need to change boats at Pell Harbour."
"There's a black beast in my mother's country," said Brody, "that comes before a death."
"Does it eat ham?" asked Mrs. Quill.
Brody thought about it. "Not that I was told," he said.

@ 03-03 fresh
The thief has been seen. At 4:35 in the afternoon Mrs. Quill went out to the line and met, coming round the \
corner with one of my stockings in his mouth, a dog. He is of middle size, brown and grey, rough in the coat, \
very thin, with one ear up and one down. They looked at one another. She said "Drop it", and he dropped it, and \
then he ran.
How comes a dog upon Corvane? No boat has landed one. He cannot have swum nine miles, and he cannot have been \
here always. I have turned back to the entry for the 28th of January, and read it over, and said nothing to the \
others.

@ 03-08 light
Fairlow has sat for three evenings upon an upturned bucket in the yard with a dish of scraps, talking nonsense \
in a low voice. Tonight the dog came to the dish. About his neck he wears a collar of plaited rope, finished \
with a knot that none of us could name at first.
"That's a rose knot, double," said Brody at last. "That's a bosun's work. That dog's off a ship."
Nobody asked which ship. The bucket that Fairlow sat upon has two letters on it.

@ 03-15 rain
A vote was taken as to whether the dog should be let into the kitchen. For: Fairlow. Against: Brody, upon the \
ground that a dog out of the sea belongs to the sea and will be sent for. I abstained, there being nothing in \
the Regulations. Mrs. Quill said that it was not a question for voting, and went and opened the door.
He walked in, turned round three times upon the hearthrug, and sighed like a bishop.

@ 03-24 strong
The Board writes that the Constance Vail is now two months beyond her time, and that her name has been posted in \
the underwriters' rooms at Marrowby. I am asked for a copy of the log for the 27th and 28th of January. I have \
made it out fair, with the blue light and the bucket, and with the dog, whom I describe as circumstantial.
"Does it mean that they've given her up?" asked Fairlow.
"It means that they have written her name upon a board," I said. "It has not been rubbed off."

@ 04-02 fine
Fairlow went over to Pell Harbour for the seed potatoes and came back with no potatoes and a changed expression. \
It seems that there is a new mistress at the school, Miss Adela Crane, and that she asked him how the light was \
worked. He told her. It took four hours. She has asked him to write down the part about the lens.
"Did she ask you for anything else?" said Mrs. Quill.
"She asked me whether I was always so wet. I'd walked off the quay, you see. I was looking at her hat."

@ 04-16 fresh
The wick is found! I shall set it out with care, since I have been unjust in my thoughts to three persons.
After dinner the dog took my glove from the bench and trotted off towards the old bell-house, which has not been \
used since the new bell was hung. Fairlow went after him upon his hands and knees. Beneath the broken floor, in \
a nest of dry weed, he found: the glove; the bone of a ham; one slipper; a lady's thimble; Brody's tobacco \
pouch; and, coiled round as neatly as in the box, and plainly slept upon, our twelfth wick. It is a little flat. \
It is otherwise fit for service.
"He'll have come ashore half dead," said Brody slowly, "and gone in at the first door that wasn't latched, and \
taken the softest thing he found there." He looked at Fairlow. "I said a thing about boots, lad. I take it back."
"That's all right!" said Fairlow. "I really might have done it, you know."
"What are we to call him?" said Mrs. Quill. "He cannot be the dog for ever."
Nobody had to think. He is called Wick, and he answered to it at once, there being cheese.

@ 04-21 light
Wrote to the Board to withdraw the form for the loss of a wick. I learn from the Regulations that there is no \
form for the finding of one. I have used the form for the birth of a child upon a station, with alterations.

@ 05-04 fine
"Mr. Marrick," said Mrs. Quill, "how many pounds of tea came in the Patience?"
"Four," I said. "I have the receipt."
"And how many tins did you fill?"
"One tin to the pound. Four tins."
"Then I should like to be told," said Mrs. Quill, looking at nobody, and looking at him very hard, "why there \
are three."
Brody put down his cup. "I take it strong," he said. "I don't take it by the pound."

@ 05-08 rain
It is open war. The loss of the tea has led, by steps that I could not follow, to the making of it. Mrs. Quill \
warms the pot, allows one spoon for each person and four minutes by the clock. Brody puts the leaves in the \
kettle and the kettle on the stove, and leaves them there until they have come to an understanding. Each has \
drunk the other's tea for eleven years in silence. Tonight the silence was made up for.
"Stewed boots!" said Mrs. Quill.
"Hot rain!" said Brody.
"Sir, ought we to do something?" whispered Fairlow.
"We ought to see to the lamp," I said, and we both went up and saw to it for three hours.

@ 05-11 fresh
Brody has bought a teapot from the carrier's boat. It is brown and holds three pints. A chalk line has been \
drawn down the middle of the dresser, and across the shelf, and, after some measurement, across the sugar. They \
do not speak.

@ 05-20 light
Matters are no better in the kitchen. What must be said between them is now said to the dog. "Wick," says Mrs. \
Quill, "one of us might bring in some coal." "Wick," says Brody, "one of us was about to." The poor beast turns \
his head from one to the other, wags at both, and is much the best-informed keeper upon the station.

@ 06-02 fine
The children of the Pell Harbour school came over in two boats, nineteen of them, with Miss Crane. They ran up \
the tower, counted the steps, and made it one hundred and forty-one. Fairlow explained the lens. He had prepared \
a lecture, with a pointer, but Miss Crane was standing on the side of the sun, and he addressed the whole of it \
to a fire bucket.
"Please, sir," said a very small girl to Brody, "why have you got two teapots?"
"One's for tea," said Brody.
Mrs. Quill was cutting bread, and did not look up; but she cut the next slice with some force.

@ 06-15 calm
News, or the ghost of it. The Patience brought the oil at 9:30 in the morning, and Captain Dunmore came up to \
the house himself, which he does not do for oil. A whaler lately in at Hallowmouth reports that, some time in \
March, a long way to the south and west, she saw a vessel without masts, under a rag of sail, too distant to \
speak before dark came down. She was a large vessel. She had a white band.
"There's many a ship with a white band," said Brody; but he went out and stood for a long time by the western wall.
"Is it her?" said Fairlow. "Oh, it must be! Mustn't it be?"
"It is a ship that was afloat in March," I said. "I shall put a mark upon my white page. It will be a small \
one."

@ 06-21 fine
The longest day. The lamp was hardly warm before it was put out again. We sat upon the gallery at midnight, \
three of us in a row and Mrs. Quill on the other side of the tower, and there was light enough in the north to \
read by.

@ 07-05 fine
Mr. Octavius Spurling, Inspector for the Board, landed at 11:05 in the morning in white gloves. He drew one \
finger along the lens, the clockwork, the stair rail and Fairlow, and found nothing until he came to the \
kitchen.
"Two teapots, Mr. Marrick? The list allows for one."
"The second is an experiment, sir," I said.
"What does it show?"
"Nothing that could be published."
He next asked to see the spare wicks. There are twelve upon the list. I laid out eleven; whereupon the dog, \
hearing his name, walked in and sat down at the end of the row. I must record, to the Inspector's credit, that \
he looked at the list, and at the dog, and wrote: wicks, twelve, one of them in use.

@ 07-19 light
Brody slipped upon the tower stair at 5:20 in the morning and has hurt his knee. I have ordered him to his bed \
for one night, and he has gone there as other men go to prison. When I went to take his watch I found Mrs. Quill \
in the lamp-room before me, with her knitting, and the weight already wound.
"I was awake in any case," she said. "You need not write down that I was here."
I have not promised anything.

@ 08-03 fresh
An accident which might have been a worse one. Fairlow, fishing alone from the small boat off Kettle Cove, stood \
up to wave at what he took for the Pell Harbour ferry, and was in the water before he had finished waving. The \
tide took the boat one way and Fairlow the other. Wick went in off the rocks with the end of a line in his \
teeth, as calm as if he did it every day, and brought it to him, and Brody and Mrs. Quill hauled upon the other \
end together.
"Pull, woman!" roared Brody.
"I am pulling!" cried Mrs. Quill. "Pull yourself!"
They are the first words to pass between them in twelve weeks, and I thought it a promising start.

@ 08-14 rain
Mrs. Quill had a bad head and stood her watch with it. At 2:30 in the morning, as I lay awake, I heard the stair \
creak under a lame step, going up, and then coming down.
There was a brown cup in the lamp-room at daybreak. It was empty. She had drunk it to the leaves, and told me, \
without my asking, that it was the most horrible thing she ever tasted, and that her head was better.

@ 08-28 strong
A truce is not a peace. At dinner Brody observed that there might be something to be said for warming the pot, \
and Mrs. Quill allowed that four minutes was perhaps a little short in winter. We held our breath. Then Fairlow \
said, "And to think that it all began with that pound of tea!"; and they both remembered the pound of tea.
The chalk has been renewed. Fairlow has been sent to paint the far side of the oil store.

@ 09-06 light
I have a confession to make, and I make it here because this book is the place for facts.
There were ants in the pantry. Borax is good against ants. I went to the seven tins of borax, which I had put up \
with my own hands on the 6th of January, under labels that I had written first. I opened the seventh tin. It was \
tea.
I stood in the pantry for some time. I considered the ants. I considered the chalk line, the two pots, the \
seventeen weeks, and the fact that nobody had seen me. Then I carried the tin into the kitchen, set it down on \
the line itself, and said that I should be obliged if both of them would look at the label, and then inside.
"That is your hand, Mr. Marrick," said Mrs. Quill.
"It is."
"Then where," asked Brody, "is the other tin of borax?"
We looked at the tea caddy. It was a bad moment. But it was only sugar after all, and the seventh pound of borax \
proved to be in the jar that is marked SALT, which explains the soup.

@ 09-08 fine
I had expected to be shouted at. I was not. They laughed. Mrs. Quill had to sit down; Brody, whom I have not \
heard laugh since the year of the comet, made a noise like a pump, and wiped his eyes upon the tablecloth.
"Seventeen weeks!" said Mrs. Quill. "Over a label!"
"I called your tea hot rain," said Brody.
"And so it was, and yours is boots. We shall have it warmed, and left for six minutes, and stirred; and Mr. \
Marrick shall wash the cups."
The line was scrubbed from the dresser at 5:15. I have washed the cups.

@ 09-22 gale
At 12:20 at night a great bird struck the lantern upon the weather side and broke two panes. The sea came in \
upon the burner and we were in the dark. I have kept lights for thirty-one years and had never before seen one \
go out.
Brody and I held a door across the gap. Mrs. Quill stripped the burner by touch. Every wick in the lamp-room box \
was soaked; and it was Fairlow who remembered the twelfth, the flat one, which Wick had been allowed to keep in \
his bed. He was down one hundred and forty-two steps and up again before I had wrung out my sleeves. It was dry. \
It was covered in hair. It was lit at 12:41, and it burned until the morning with a strong smell of dog.
"Twenty-one minutes," I said. "I must report it."
"Report what lit it, then," said Mrs. Quill, "and who stole it, and who slept upon it, and kept it dry." I have \
done so. There was a brig inside the Anvil at 12:50, feeling for the channel. She found it.

@ 10-04 light
"A letter," called Fairlow from the landing, and then could not call anything more, and ran.
It is from Captain Elias Roake of the Constance Vail. It was written at Port Solace, across the whole width of \
the ocean, in the middle of May, and was given to a ship that went home by the wrong side of the world. He was \
driven off this coast on the 27th of January with his rails gone and two masts after them. He drifted for \
fifteen weeks. They lived upon rain, dried figs and coffee, and did not lose a man. They will have new masts by \
August, and hope to be off Corvane in October.
"It is October," said Mrs. Quill.
Nobody spoke. Then Brody took the telescope down from its hook, and went up, and Fairlow let him have the first \
turn.

@ 10-11 strong
"I'll believe it when I see her," said Brody, who has now been upon the gallery for seven days, and comes down \
only to eat figs, of which he has suddenly become fond.

@ 10-19 fresh
The Constance Vail was sighted from this station at 7:48 in the morning, bearing south-west, under topsails, two \
hundred and sixty-seven days behind her time. I copy here the signal made by us, since it is not to be found in \
the code: Where have you been? I copy also her reply: Round the corner.
Fairlow wept without any concealment. Mrs. Quill blew out the candle in the west window. Brody came down from \
the gallery, remarked that her new foremast was stepped too far aft, and went behind the boathouse until he felt \
better.

@ 10-20 light
Captain Roake came ashore at 2:10 in the afternoon, a small grey man in a coat made out of coffee sacks. He \
drank five cups of our tea, at six minutes, and said that he had thought of nothing else since February.
"We burned a blue light off your rocks that night," he said, "and then the sea came over us and took the rail, \
and the hatch, and the ship's dog, who was asleep on the hatch. We had your flash for an hour. It was by that we \
knew which way not to go." He set down his cup. "I was sorry about the dog. He was no use at all, but he was a \
cheerful sort of beast, and we called him Biscuit."
No one moved. Then, from beneath the table, upon which he had been told not to put his feet, there came out \
slowly one ear up and one ear down.

@ 10-21 fine
He went mad with joy, of course. He ran between the Captain and the door until the rugs were all in one heap. \
But there was a thing to be settled, and this morning we walked down to the landing to settle it. The Captain \
stood in his boat. We stood on the steps.
"Biscuit!" said the Captain.
Wick went down to the boat, put his paws upon the gunwale, and licked him from the chin to the hat. Then he came \
up again, all the eleven steps, and lay down across Brody's boots.
"That Animal," said Brody, in a voice like a rusty hinge, "never did have any sense."
"He has been wrecked once," said Captain Roake. "I call that sense. He's a lighthouse dog now; and I'd take it \
kindly if you would let him hear the old name on Sundays."

@ 11-05 rain
The Constance Vail is safe in Marrowby with her cargo, or with such of it as was not eaten. By the carrier's \
boat came a chest for the station, and in the chest a rope collar with a double rose knot, new; a telescope for \
Fairlow; a shawl for Mrs. Quill; and forty pounds of coffee.
"Now, how," said Brody, looking into the chest, "would a person make that?"
"In a pot," said Mrs. Quill.
"In a kettle, surely."
I said that I would make it. They both looked at me. I said that there would be no labels.

@ 11-17 calm
Fairlow has asked the question. He asked it by letter, having twice gone to Pell Harbour to ask it aloud and \
twice come home with chalk. As the post is slow in winter, he has begged Miss Crane to hang something white out \
of the upper window of the school on the first clear day: a handkerchief for no, a tablecloth for yes.
"What if it should be washing day?" asked Mrs. Quill.
I have seldom seen a man turn so pale.

@ 11-26 fresh
At 9:12 in the morning the haze lifted, and Captain Roake's telescope was laid upon the school at Pell Harbour. \
Fairlow found that he could not look. Brody looked for him.
"Well?" cried Fairlow. "What is it? Is it small? Tell me that it isn't small!"
"It's white," said Brody.
"How large?"
"I never did hold with marriage," said Brody, with his eye at the glass. "It's three tablecloths, lad, and a \
sheet, and all the children are waving."

@ 12-06 snow
The Board replies to my letter of the 4th of February, and gives us leave to search the station for a missing \
wick, provided that no floors are lifted. I have answered that the matter is in hand.

@ 12-15 strong
Brody's brown teapot came to grief today upon the scullery step, and no one was to blame but the step. He swept \
it up and said that it was no great loss. This evening I found Mrs. Quill at the kitchen table, with glue, and a \
lamp, and all the pieces, and the spout held between her finger and thumb.
"It holds three pints," she said, without turning round. "There will be five of us in the spring. Do not stand \
in my light."

@ 12-25 light
Christmas Day, and the sea so quiet that Miss Crane and her mother came over with young Peter Loft and went home \
by moonlight. Captain Dunmore sent a goose. It had hung in the wash-house, upon a hook, six feet from the floor, \
with the latch down and Brody on guard. We had it whole.
"A toast!" said Fairlow. "What shall we drink to?"
"The light," I said.
"All those who are not drowned," said Brody, "so far."
"The cook," said Mrs. Quill, "since no one else will think of it."
"And Wick!" said Miss Crane; and under the table something beat upon the floor, twelve times. I counted.

@ 12-31 fresh
I come to the last page. Shown in this year: the light, on every night, for every hour between sunset and \
sunrise, less twenty-one minutes. Lost: one wick, one ham, one pound of tea. Found: one wick, one dog, one pound \
of tea, one ship. The ham I have written off.
"What did you put at the front of the book?" asked Fairlow. "Do read it out, sir!"
I read it out.
"Well, the coal is low again," said Mrs. Quill.
"And the year's not over," said Brody, and looked at the clock, and then at the dog asleep upon his boots. "But \
I'll say this for it. I've known worse. Mark me, though. Only the one."
The lamp is lit and the glass is steady. Tomorrow I shall want a new book.
"""


@dataclass(frozen=True)
class Topic:
    """A rule that may be used between two days of the year ("month-day"), in some or in all weathers."""

    rule: str
    first: str = "01-01"
    last: str = "12-31"
    weather: tuple[str, ...] = tuple(FORCES)
    weight: float = 1.0

    def open_on(self, day: Day) -> bool:
        return self.first <= day.key <= self.last and day.weather in self.weather


@dataclass(frozen=True)
class Day:
    """The facts of one day."""

    date: date
    weather: str
    wind: str
    force: int
    glass: int
    glass_before: int
    temperature: int

    @property
    def key(self) -> str:
        return f"{self.date.month:02}-{self.date.day:02}"

    @property
    def heading(self) -> str:
        return f"{WEEKDAYS[self.date.weekday()]}, {self.date.day} {MONTHS[self.date.month - 1]}."


# Everyday matters, whose patterns come round again with other words in the slots.
EVERYDAY = (
    Topic("chore"),
    Topic("chore_out", weather=DRY),
    Topic("nature", weather=DRY),
    Topic("hens"),
    Topic("supper", weight=0.6),
    Topic("letters", weather=LANDABLE),
    Topic("visitors", "03-01", "10-31", DRY, 1.6),
    Topic("cold", "12-01", "12-31", weight=1.5),
    Topic("cold", "01-01", "03-02", weight=1.5),
    Topic("birds", "04-10", "08-05", DRY, 1.5),
    Topic("passage", "08-25", "11-10", DRY, 1.5),
    Topic("garden", "04-05", "06-20", LANDABLE, 1.5),
    Topic("harvest", "07-01", "10-15", LANDABLE, 1.5),
)
# Threads of the story and talk: each of their patterns is used once.
THREADS = (
    Topic("overdue", "01-26", "10-03"),
    Topic("wick_lost", "02-07", "04-15"),
    Topic("stray", "03-16", "04-15"),
    Topic("wick_dog", "04-17", "12-31"),
    Topic("tea", "05-12", "09-05"),
    Topic("peace", "09-10", "12-31"),
    Topic("courting", "04-06", "11-16"),
    Topic("betrothed", "11-27", "12-30"),
)
TALK = (
    Topic("talk"),
    Topic("talk_both", "01-01", "05-03"),
    Topic("talk_both", "09-09", "12-31"),
    Topic("talk_tea", "05-12", "09-05", weight=4.0),
    Topic("talk_dog", "04-17", "12-31", weight=2.0),
    Topic("talk_fog", weather=("fog",), weight=9.0),
    Topic("talk_gale", weather=ROUGH, weight=6.0),
)

# Where ships are looked for in each weather, and how many may be entered.
SIGHTINGS = {
    **{"gale": ("storm_ship", 1), "strong": ("storm_ship", 1), "fog": ("fog_ship", 1), "snow": ("snow_ship", 1)},
    **{"calm": ("steam", 1), "rain": ("", 1), "fresh": ("", 2), "light": ("", 2), "fine": ("", 2)},
}

T = TypeVar("T")
ONCE = "! "
SLOT = re.compile(r"\{(a )?(\w+)(\^?)\}")
VOWEL_SOUND = re.compile(r"(?!one\b|uni|use|eu)[aeiou]|hour|honest|heir", re.IGNORECASE)


def article(phrase: str) -> str:
    """Put "a" or "an" before a phrase, by the sound of its first word."""
    return f"{'an' if VOWEL_SOUND.match(phrase) else 'a'} {phrase}"


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def clock(hour: int, minute: int) -> str:
    """Say a time of day as the log-book does: 4:05 in the morning."""
    part = "in the morning" if hour < 12 else "in the afternoon" if hour < 18 else "in the evening"
    return f"{(hour - 1) % 12 + 1}:{minute:02} {part if hour < 22 else 'at night'}"


def inches(reading: int) -> str:
    return f"{reading / 100:.2f}"


def parse_rules(text: str) -> dict[str, list[str]]:
    """Read the grammar: a name at the margin, then its patterns, each indented."""
    rules: dict[str, list[str]] = {}
    name = ""
    for line in filter(None, text.splitlines()):
        if line.startswith("  "):
            rules[name].append(line.strip())
        else:
            name = line
            rules[name] = []
    return rules


def parse_story(text: str) -> dict[str, tuple[str, list[str]]]:
    """Read the plot: for each "month-day" the weather and the paragraphs."""
    story = {}
    for block in text.strip().split("\n@ "):
        head, *paragraphs = filter(None, block.removeprefix("@ ").splitlines())
        key, weather = head.split()
        story[key] = (weather, paragraphs)
    return story


def parse_fleet(text: str) -> list[tuple[str, str]]:
    """Read the ships as pairs of rig and name."""
    rows = (line.split(": ") for line in text.split("\n") if line)
    return [(rig, name) for rig, names in rows for name in names.split(", ")]


class Deck(Generic[T]):
    """A list dealt in random order, over and over, with long gaps between two uses of the same item.

    The items that are also in ``once`` are left out after the first deal.
    """

    def __init__(self, items: list[T], rng: random.Random, once: Container[T] = ()) -> None:
        self._rng = rng
        self._once = once
        self._order = rng.sample(items, len(items))
        self._next = 0
        self.unused = len(items)

    def draw(self) -> T:
        item = self._order[self._next]
        self._next += 1
        self.unused = max(0, self.unused - 1)
        if self._next == len(self._order):
            self._reshuffle()
        return item

    def __len__(self) -> int:
        return len(self._order)

    def _reshuffle(self) -> None:
        again = [item for item in self._order if item not in self._once]
        half = len(again) // 2
        early, late = again[:half], again[half:]
        self._order = self._rng.sample(early, len(early)) + self._rng.sample(late, len(late))
        self._next = 0


class Grammar:
    """The rules, one deck for each, and the filling of slots."""

    def __init__(self, rules: dict[str, list[str]], rng: random.Random) -> None:
        self._rng = rng
        self._decks = {name: self._deck(patterns) for name, patterns in rules.items()}
        self._times = {"morning": (6, 11), "afternoon": (13, 16), "evening": (18, 20), "night": (22, 27)}

    def _deck(self, patterns: list[str]) -> Deck[str]:
        once = [pattern.removeprefix(ONCE) for pattern in patterns if pattern.startswith(ONCE)]
        return Deck([pattern.removeprefix(ONCE) for pattern in patterns], self._rng, once)

    def unused(self, rule: str) -> int:
        return self._decks[rule].unused

    def variety(self, rule: str) -> int:
        return len(self._decks[rule])

    def say(self, rule: str, facts: dict[str, str], without: tuple[str, ...] = ()) -> str:
        """Draw a pattern of the rule (one that holds no text of ``without``) and fill its slots."""
        pattern = self._decks[rule].draw()
        while any(text in pattern for text in without):
            pattern = self._decks[rule].draw()
        return capitalised(self._fill(pattern, facts))

    def time(self, first: int, last: int) -> str:
        return clock(self._rng.randint(first, last) % 24, 5 * self._rng.randint(0, 11))

    def _fill(self, pattern: str, facts: dict[str, str]) -> str:
        def fill_slot(match: re.Match[str]) -> str:
            with_article, name, capital = match.groups()
            word = self._word(name, facts)
            word = article(word) if with_article else word
            return capitalised(word) if capital else word

        return SLOT.sub(fill_slot, pattern)

    def _word(self, name: str, facts: dict[str, str]) -> str:
        if name in facts:
            return facts[name]
        if name in self._times:
            return self.time(*self._times[name])
        return self._fill(self._decks[name].draw(), facts)


class Almanac:
    """A year of weather: the barometer wanders about a seasonal mean and the sky follows it."""

    def __init__(self, rng: random.Random, story: dict[str, tuple[str, list[str]]]) -> None:
        self._rng = rng
        self._story = story

    def days(self) -> Iterator[Day]:
        glass = 2960
        day = date(YEAR, 1, 1)
        while day.year == YEAR:
            before = glass
            glass, weather = self._tomorrow(day, before)
            low, high = FORCES[weather]
            force, wind = self._rng.randint(low, high), self._rng.choice(WINDS)
            yield Day(day, weather, wind, force, glass, before, self._temperature(day, weather))
            day += timedelta(days=1)

    def _tomorrow(self, day: date, before: int) -> tuple[int, str]:
        key = f"{day.month:02}-{day.day:02}"
        if key in self._story:
            weather = self._story[key][0]
            low, high = GLASS[weather]
            return min(max(before + self._rng.randint(-30, 30), low), high), weather
        mean, pull = self._drift(day)
        glass = round(before + pull * (mean - before) + self._rng.gauss(0, 24))
        glass = min(max(glass, 2870), 3050)
        return glass, self._sky(day, glass)

    def _drift(self, day: date) -> tuple[float, float]:
        """Where the glass is going and how strongly: a day of the story is felt two days before it comes."""
        for ahead in (1, 2):
            coming = day + timedelta(days=ahead)
            key = f"{coming.month:02}-{coming.day:02}"
            if key in self._story:
                return sum(GLASS[self._story[key][0]]) / 2, 1 - 0.25 * ahead
        return 2975 + 15 * self._summer(day), 0.3

    def _sky(self, day: date, glass: int) -> str:
        kinds = [kind for kind, (low, high) in GLASS.items() if low <= glass <= high and self._in_season(day, kind)]
        return self._rng.choice(kinds)

    @staticmethod
    def _in_season(day: date, kind: str) -> bool:
        return {"snow": day.month in (12, 1, 2), "fine": 4 <= day.month <= 9}.get(kind, True)

    @staticmethod
    def _summer(day: date) -> float:
        """Minus one in midwinter, plus one at midsummer."""
        return -math.cos(2 * math.pi * (day - date(YEAR, 1, 4)).days / 365)

    def _temperature(self, day: date, weather: str) -> int:
        if weather == "snow":
            return self._rng.randint(26, 33)
        return round(48 + 11 * self._summer(day)) + self._rng.randint(-3, 4)


class Keeper:
    """The hand that writes the log-book."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._story = parse_story(STORY)
        self._grammar = Grammar(parse_rules(RULES), self._rng)
        fleet = parse_fleet(FLEET)
        self._sail = Deck([ship for ship in fleet if ship[0] not in STEAM_RIGS], self._rng)
        self._steam = Deck([ship for ship in fleet if ship[0] in STEAM_RIGS], self._rng)

    def write(self) -> str:
        """Return the whole book: the title, then the entries, with a blank line between them."""
        entries = [TITLE]
        for day in Almanac(self._rng, self._story).days():
            if day.key in self._story:
                entries.append("\n".join(self._story_entry(day)))
            elif self._rng.random() < PLAIN_DAY_CHANCE:
                entries.append("\n".join(self._plain_entry(day)))
        return "\n\n".join(entries) + "\n"

    def _story_entry(self, day: Day) -> list[str]:
        facts = self._facts(day)
        opening = [day.heading, *self._weather(day, facts)]
        if day.weather in DRY and self._rng.random() < 0.4:
            opening += self._sighting(day, facts, 8, 10)
        return [" ".join(opening), *self._story[day.key][1]]

    def _plain_entry(self, day: Day) -> list[str]:
        facts = self._facts(day)
        opening = [day.heading, *self._weather(day, facts), *self._ships(day, facts)]
        news = [self._grammar.say(topic.rule, facts) for topic in self._everyday(day)]
        news += self._once(THREADS, day, facts, 0.8)
        talk = [line for scene in self._once(TALK, day, facts, 0.55) for line in scene.split(" | ")]
        return [" ".join(opening), " ".join(news), *talk, *self._closing(day, facts)]

    def _facts(self, day: Day) -> dict[str, str]:
        return {
            "wind": day.wind,
            "windy": f"{day.wind}erly",
            "force": str(day.force),
            "glass": inches(day.glass),
            "glass0": inches(day.glass_before),
            "temp": str(day.temperature),
            "lit": self._sunset(day.date),
        }

    @staticmethod
    def _sunset(day: date) -> str:
        hours = 18.1 + 2.3 * math.sin(2 * math.pi * (day - date(YEAR, 3, 22)).days / 365)
        return clock(int(hours), int(hours % 1 * 60))

    def _weather(self, day: Day, facts: dict[str, str]) -> list[str]:
        change = day.glass - day.glass_before
        rule = "glass_level" if abs(change) < 6 else "glass_up" if change > 0 else "glass_down"
        reading = self._grammar.say(rule, facts, ("{wind}",) if day.weather == "calm" else ())
        said = {"wind": ("{wind}", "{force}"), "thermometer": ("{temp}",)}
        repeated = [slot for word, slots in said.items() if word in reading.lower() for slot in slots]
        return [reading, self._grammar.say(day.weather, facts, tuple(repeated))]

    def _ships(self, day: Day, facts: dict[str, str]) -> list[str]:
        if self._rng.random() < 0.15:
            return [] if day.weather == "fog" else [self._grammar.say("no_ship", facts)]
        sentences = self._sighting(day, facts, 8, 11)
        if SIGHTINGS[day.weather][1] > 1 and self._rng.random() < 0.4:
            sentences += self._sighting(day, facts, 12, 15)
        return sentences

    def _sighting(self, day: Day, facts: dict[str, str], first_hour: int, last_hour: int) -> list[str]:
        rule = SIGHTINGS[day.weather][0] or self._rng.choice(("sail", "sail", "steam"))
        rig, ship = (self._steam if rule == "steam" else self._sail).draw()
        seen = {"rig": rig, "ship": ship, "first_watch": self._grammar.time(first_hour, last_hour)}
        facts = facts | seen | {"ship2": self._sail.draw()[1]}
        sentences = [self._grammar.say(rule, facts)]
        if day.weather in DRY and self._rng.random() < 0.5:
            sentences.append(self._grammar.say("follow", facts))
        return sentences

    def _everyday(self, day: Day) -> list[Topic]:
        """Two or three different topics, by weight and variety, out of those open on the day."""
        open_topics = [topic for topic in EVERYDAY if topic.open_on(day) and self._grammar.variety(topic.rule)]
        chosen: list[Topic] = []
        for _ in range(self._rng.choice((2, 2, 3))):
            rest = [topic for topic in open_topics if topic not in chosen]
            weights = [topic.weight * self._grammar.variety(topic.rule) for topic in rest]
            chosen += self._rng.choices(rest, weights) if rest else []
        return chosen

    def _once(self, topics: tuple[Topic, ...], day: Day, facts: dict[str, str], chance: float) -> list[str]:
        """At most one pattern that has not been used before."""
        rest = [topic for topic in topics if topic.open_on(day) and self._grammar.unused(topic.rule)]
        if not rest or self._rng.random() >= chance:
            return []
        weights = [topic.weight * self._grammar.unused(topic.rule) for topic in rest]
        topic = self._rng.choices(rest, weights)[0]
        return [self._grammar.say(topic.rule, facts | {"ship2": self._sail.draw()[1]})]

    def _closing(self, day: Day, facts: dict[str, str]) -> list[str]:
        sentences = [self._grammar.say("evening", facts)] if self._rng.random() < 0.35 else []
        if self._rng.random() < 0.5:
            sentences.append(self._grammar.say("lamp", facts))
        return [" ".join(sentences)] if sentences else []


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the log-book of the Corvane Light to standard output.")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help=f"random seed (default: {DEFAULT_SEED})")
    book = Keeper(parser.parse_args().seed).write()
    sys.stdout.buffer.write(book.encode("ascii"))


if __name__ == "__main__":
    main()
