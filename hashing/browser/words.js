/**
 * The 2,048 words of hashing/words.txt, in order. tests/browser/passphrase.test.mjs compares them.
 */

/** @type {readonly string[]} */
export const WORDS = `
abacus about above absorb accept accurate achieve acorn acre acrobat active actor actual adapt add
admire advance aerial afford afloat after agree ahead aim airfield airline airmail airport airship
airtight album alert algae alive allow allspice almanac almighty almond alpaca alphabet alpine
already although altitude always amazing ambition among amount amplify amusing anchor ancient
animal ankle announce annual another answer antenna anthill antique antler anybody anyone anything
anywhere apart appetite applause appoint approve apricot apron aquarium arcade archway arctic area
armband armchair aroma around arrange arrive artist artwork ascend ashore aside asleep aspen
asphalt aspire assemble assist asteroid astonish athlete atom attach attempt attic attract auburn
auction audience author avenue average aviator avocado await awake award awesome awning axle azure
backyard bacon badger bagel baggage bagpipe bakery balance balcony balloon bamboo banana bangle
banjo banner banquet barber barcode barefoot bargain baritone barley barn barrel baseball basin
basket bassoon bead beaker beanbag because become bedrock beehive beeline beeswax beetle before
beginner behind believe bell belong bench benefit beret berry beside best better between beverage
beyond bicycle bigger bike binder bingo biology biplane birch bird birthday biscuit bison blanket
blazer blender blimp blink blizzard blob blossom blouse bluebell bobbin bobcat bobsled bold
bonfire bonnet bonsai bonus bookshop boot border borrow botany both bottle boulder boundary bowl
boxcar bracelet braid bramble branch brave breeze brick bridge brief bright brim bring brisket
brittle broad broccoli bronze broom brownie brush bubble bucket budget buffalo bugle builder bulb
bulletin bumper bundle bungalow bunny burger burrito business busy button buzz bypass cabana
cabbage cabinet cable cactus cake calcium calendar calico calm camel camper canal candy canister
canoe canteen canvas canyon capable capsule captain caravan cardigan career cargo caribou carnival
carpet carriage cartoon cascade cashmere cassette castle casual catalyst catch category catfish
catnip catwalk caution cavern cedar ceiling celery cello cement census century ceramic chair chalk
champion channel chapter chart cheddar cheese chef chemist cherry chess chicken chimney chin
chipmunk chisel chive choice choose chorus chowder chuckle cinema cinnamon circle citizen citrus
city civic clank clap clarinet classic clatter clear climate clipper cloak closet clothing cloudy
clover clue cluster coach coastal coat cobbler coconut coffee coleslaw collar colossal column comb
comet comfort comic common compass concert condor confetti conifer connect consider contain convoy
cookie cool copilot copper cordial cork corner corridor cosmos costume cotton country coupon
courage cove cowboy coyote crab crackle craft crane crater crayon create creek crepe crescent crew
cricket crisp crochet crop crouton crown crumble crunch crust cube cubicle cuckoo cucumber culture
cupboard cupcake curious curl curry curtain curve cushion custom cutlery cutout cutter cyclist
dabble daffodil daily dainty damp dance daybreak daydream daylight daytime dazzle deal debut
decade decent decimal declare decorate dedicate deep define degree deliver delta deluxe denim
depart depend depth describe deserve design desk detour develop dewdrop diagram diamond diary dice
digest digital dignity dimple dinner dinosaur diploma dipper direct discuss dish display distance
diver divide dock dolphin domain dome domino donate donkey door dormouse double downpour dozen
dragon drain drawer dream dresser dribble drift driveway drizzle droplet drum duckling duet dugout
duke dumpling durable during dusky dustpan duty dwell dynamic each eager eagle early earmuff
earring earth easel eastern easy eatery ebony eclair eclipse ecology economy editor educate effort
egg elastic elated elbow elder electric elegant element elephant elevator eligible elite elk
embark emblem embrace emerald emotion emperor empire employ empty emu enable enamel enchant
encircle enclose encore endless endorse energy engineer enjoy enlarge enormous enough enrich
ensemble entire entry envelope epic episode equator equip erase errand escalate espresso essay
essence estate estimate evaluate evening everyday evolve exact example except exchange exciting
exclaim exercise exhibit expand expect explorer export express extend extra eyebrow eyelid fabric
fabulous factory faculty falcon familiar famous fancy fanfare fantasy farewell farmer farther
fashion fasten fathom feast feature feed fence ferret fertile festival fetch fiction fiddle field
figure filter final finch finish firewood firm fishbowl fitness flagpole flake flamingo flannel
flask flat fleece flexible flicker flight flip flock floor floral flourish flower fluent fluffy
fluid flurry flute focus foggy foghorn folder foliage folk font food football forage forest format
fortress forum forward fossil foster fox foyer fraction fragrant frame freckle freedom frequent
fresh friendly fringe frog frolic frost froth frozen fruit fry fudge fuel function fund funnel
furnace furrow fusion future fuzzy gadget gain gala gallery game gander garage garden garlic
garment garnet gateway gather gazelle gearbox gecko gem generous genius gentle genuine geology
geometry geranium gerbil gesture giant gift gigantic giggle gingham giraffe glacier glad glance
glass glaze gleam glee glider glimpse glisten glitter global glory glossy glove glow goal goblet
goggles goldfish golf gondola gong goody goose gopher gorge gosling gown graduate grammar granola
graph grateful gravy great green grid grill grocery groove group growth guava guide guitar gumball
gumdrop gymnast habit haddock haircut half halibut hallway halogen hamlet hammock hamster handbag
happy hardware harmonic harp harvest hat hayloft hayride haystack hazelnut hazy headline healthy
heap hearty heater hedgehog helium helmet helper hen herb heritage hermit heron hexagon hiccup
hickory highway hiker hill history hockey holiday hollow homework honeybee honk hopeful horizon
horn horse host hotel however huge hula human humble humid humming hungry hurdle hydrant iceberg
icicle icing icon icy idea igloo iguana imagine imitate impact import improve include income
increase index indigo indoor industry infinite inform initial inkwell inland inlet inn insect
inside inspire instant insulate intact internet inventor invite involve ironic islander issue item
ivory jacket jar jaybird jazz jelly jersey jester jet jewel jiffy jigsaw jive job jogger join joke
jostle journey joyful jubilee judo juggler juice jukebox jumbo jump jungle junior just kale
kangaroo karate kayak kazoo keen keepsake kelp kennel kettle keyboard keyhole kickball kidney kiln
kimono kind kingdom kinship kiosk kitchen kite kitten kiwi knapsack knit koala koi label lace
lacrosse ladder ladle lagoon lakeside lamb landmark language lanky lantern laptop large lark lasso
latte laugh laundry lava lavish lawn layer leader leaflet league leapfrog learn leather lecture
leeway legacy legend legible legroom legume leisure lemon lemur length lens lentil leopard lettuce
level library lid lifeboat lilac limit limo line lion liquid list little lively lizard llama loaf
lobby lobster local locker lodge loft logbook logical logo lollipop lookout loop lopsided lotion
loud lounge lucky luggage lullaby lumber luminous lunar lunch luxury lyric macaroni machine
mackerel magazine magenta magic magma magnet magpie mahogany mailbox maintain majestic major maker
mallet mammoth manage mandarin mango mansion mantle manual maple marathon marble march margin
marine market marmot maroon marvel mascot material matter maximum mayfly meadow meaning measure
mechanic medal medium medley meerkat melon melt member memento memory mention menu merchant merit
mermaid meteor method metro midnight midway mighty migrate mild milkman miller mimic mindful
mineral mingle minimum minnow mint minute mirror mission misty mixer mixture modern module mohair
molecule moment mongoose monorail monsoon month monument moon moped morsel mosaic moss motor motto
mountain mouse movement movie muddy muesli muffin mulberry mulch mule multiply muscle museum
mushroom musical muslin mustard mutual mystery myth nametag napkin narrate natural nautical
navigate navy near nebula necklace nectar neon neptune nestle network neutral newcomer news nickel
nifty nimble nitrogen nobility noble nomad nominate noodle nook normal northern notable notch
notebook notice nougat noun nourish novel nozzle nucleus nugget numeral nurture nutmeg nutshell
nutty nylon oak oasis oatmeal object oblong oboe obtain obvious occasion occupy ocean ocelot
octagon octopus offer office offset often okra omega oncoming ongoing onion onset onstage onward
open opera opinion opposite option orbit orca orchard orderly ordinary oregano organic orient
origami oriole ornament osprey ostrich otter ounce outback outcome outdoor outfit outing outlet
output outside oval overhead oxygen oyster package padlock page pagoda paintbox palace pamphlet
pancake panda panel panorama panther papaya paper paprika parade parcel parking parrot parsley
particle passage pasta patchy patent path patience pattern pavement pavilion paw peacock peanut
pebble pecan pedestal peel pegboard pelican pencil pendulum penguin pennant people pepper perch
perform perhaps person petal petunia photo phrase physics piano piccolo pickle picnic picture pie
pigeon piglet pigment pillow pinball pinecone pink pinwheel pioneer pipeline pitcher pivot pizza
plaid planet plaster platform play plaza pleasant pledge plenty plot plume plunge plural plus
pluto plywood pocket podium poem poetry point polenta polish polka pollen polygon poncho pony
popcorn popular porridge portion position possum postcard potato pothole potluck pottery pouch
poultry pour praise prance prawn precious predict prefer prelude premium prepare presence pretzel
prevent primary princess prior prism prize process produce progress project prompt proof proper
prospect protein proud provide prune public pudding puffy pulley pulp pulse pumpkin punctual pupil
puppy purchase pure purple puzzle pyramid quaint quality quantity quarry queen quest quickly quilt
quirky quiz quote rabbit racer rack radar radish ragtime railway rainbow rally random range rapid
rare ratio rattle ravel ravine react ready realm reason rebound rebuild receive recipe recover
recreate recycle redwood reef refill reflect reform regain region regular rehearse reindeer
rejoice relax relief reload remark remember remote renew renovate rent repair replace reptile
request research resin resource respect result retail retire return reunion reuse reverse review
reward rewind rhino rhubarb ribbon rider rigid ringlet rinse ripe ripple rivet roadside roam roast
robot robust rodeo roller roomy rooster rosebud rotate routine rover rowboat royal rucksack rudder
rugby rugged ruler runner runway rural rustic rye saddle saffron sailor salad salmon salsa salt
salute samba sample sandwich sapling sapphire sardine satchel satisfy saucer saunter sausage
sawdust scaffold scallop scarf scatter scenery school science scooter score scout scramble scribe
scroll scrub scuba sculptor seafood seagull seahorse seaport seashell seat seaweed section
seedling seesaw senior sensible sequoia serenade series serve sesame session several shaggy
shallow shampoo shape shawl shed sheen shelf shepherd shine ship shoe shopper short shoulder
shovel showcase shrimp shrug shuffle shuttle sidewalk siesta sign silicon silk silver similar
simmer sincere singer sitar sitcom sizzle sketch skill skipper skit skyline slate sleeve slide
slogan sloth smart smell smile smooth snack snail snapshot sneaker sneeze snooze snorkel snow snug
soap soccer social sofa softly soil solar solid solo solve someone sonata songbird sonic soothe
sorbet sound source southern soybean spacious spaniel sparrow spatula speak special speech sphere
spice spin spiral splash splendid sponge spoon spot spray spring sprout spruce square squeak
squirrel stable stadium staff stage stairway stall stamp stand stapler starling station stay
steady steer stencil step stereo sticky stilt stir stock stomach stove straw street stripe strong
strudel stubble student sturdy style subtle subway success sudden sudsy sugar suggest suitcase
summary sunbeam sundial sunfish sunhat sunlight sunroof sunshine super support surface surprise
survey sushi swan sweater sweep swift swim swirl swish switch swivel swoop sycamore syllable
symbol symmetry symphony syrup system tabby tabletop tackle taco tadpole taffy talent talon
tangent tapestry tarmac tartan task tassel taste taxi teacher team teapot teaspoon teller tempo
tennis tenor terrain texture thank thatch theme theory thermal thick thimble thing thirsty thistle
thought thread thrive throw thumb thunder tiara ticket tiger timber time tinfoil tinker tinsel
tiny tiptoe title toaster today together token tomato tomorrow tonight toolbox toothy topaz topic
topping topsoil torch torrent tortoise tote toucan tourist toward tower toy tractor trade trail
transfer traverse tray treasure treble treetop trek trellis trend triangle tribute tricycle
trinket trio triple triumph trolley trombone trophy trot trousers trowel true truffle truly
trumpet trunk truth tuba tuber tuck tugboat tuition tulip tundra tune tunic turbine turf turkey
turnover turtle tutor tutu tuxedo tweak tweezers twelve twice twig twilight twinkle twist type
typical ultimate umbrella uncommon under unfold unfurl unicorn uniform unique unison unity
universe unlike unload unpack unroll untie unusual unwind unwrap unzip upbeat uphill uphold upkeep
upland uplift upper upright upstairs uptown upward urban urge usage useful usual utensil utility
vacation vacuum valet valid valley value van variety varnish vase vault veggie vehicle velocity
velvet vendor venture version vertical vessel vibrant victory video view village vineyard vintage
vinyl violin virtual vision visor vista visual vital vivid voice volcano volume vowel voyage
waffle wagon walker wall walnut walrus waltz warbler wardrobe warm wash water wave waxwork wayside
wealth weaver web wedge weekend welcome western wetland wetsuit wheat wheel whim whirl whisk white
whoop wicker wide widget width wildlife willing window wing winter wisdom wishbone wisp wobble
wombat wonder wooden woof workshop world worth woven writer yam yard yearbook yellow yippee yodel
yoga youth yummy zany zebra zesty zigzag zinc zinnia zippy zone zoology
`
  .trim()
  .split(/\s+/);
