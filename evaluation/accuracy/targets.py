"""What the weights should reach (issue 7), on what that is measured here, and what was tried."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Target:
    """reach: to be good enough; aim: to be good."""

    what: str
    part: str  # of the figures
    key: str  # of its figure
    measure: str
    reach: float
    aim: float
    less_is_better: bool = False
    digits: int = 3
    comparable: bool = True  # whether what is measured can stand for the target at all
    beside: str = ""  # how the target differs from what is measured here


TARGETS = (
    Target(
        what="lanes", part="lanes", key="accuracy", measure="TuSimple accuracy, held-out frames",
        reach=0.90, aim=0.95,
    ),
    Target(
        what="own lane on unseen clips", part="lanes", key="own_lines_drawn",
        measure="share of frames in which both own lines are drawn", reach=0.85, aim=0.95,
        comparable=False,
        beside="the target counts lines that a person finds right, by day and night; here they are "
        "only drawn, on two daylight clips",
    ),
    Target(
        what="segmentation", part="segmentation", key="miou",
        measure="CamVid val, mIoU over 11 classes", reach=0.60, aim=0.70,
        beside="the target is on CamVid test, which is not in the data; val also chose the state",
    ),
    Target(
        what="tracker", part="tracking", key="success_auc_to_csrt",
        measure="success AUC over that of CSRT", reach=1.0, aim=1.3, digits=2,
    ),
    Target(
        what="tracker, speed", part="tracking", key="fps_to_csrt",
        measure="frames/s of one target over those of CSRT", reach=1.0, aim=2.0, digits=2,
        beside="the target is on two cores; here both have one thread and torch runs the network. "
        "On two quiet cores and the export that `auto` takes, `OMP_NUM_THREADS=2 road-clarity "
        "evaluate tracking --baseline csrt` gave 84.5 against 81.9 frames/s on these sequences, "
        "1.03 times",
    ),
    Target(
        what="people, found", part="people", key="sure_recall",
        measure="PETS frames 400..529, recall at overlap 0.5", reach=0.70, aim=0.85,
        beside="with tracks.shown_confidence=0.84, as the next row; with the settings as shipped "
        "the first two rows of the chapter below",
    ),
    Target(
        what="people, false", part="people", key="sure_false_per_frame",
        measure="false boxes per frame, same run", reach=0.2, aim=0.2, less_is_better=True,
    ),
    Target(
        what="world model, real", part="world", key="vae_real_cars_ratio",
        measure="error 1 s ahead over copying, last tenth of car clips", reach=0.8, aim=0.6,
        less_is_better=True,
        beside="the target is on unseen clips; here the first nine tenths of each clip taught and "
        "chose the weights",
    ),
    Target(
        what="world model, simulated", part="world", key="vae_simulated_ratio",
        measure="the same in unseen simulated streets", reach=0.8, aim=0.6, less_is_better=True,
    ),
    Target(
        what="size of all weights", part="size", key="megabytes", measure="MB", reach=60.0,
        aim=40.0, less_is_better=True, digits=1,
    ),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """What the page says about a part beside its figures."""

    part: str
    title: str
    held_out: str
    resampled: str
    tried: str
    failures: str
    legend: str
    command: str  # that prints these figures by itself, as far as there is one


CHAPTERS = (
    Chapter(
        part="lanes",
        title="Lanes: `scnn_edge`",
        held_out="The 26 of 136 TuSimple frames whose clip number lies in every fifth stretch of "
        "2000. They also chose the step whose weights are kept and the constants of the decoding, "
        "so the figures flatter a little. `own_lines_drawn`: the second half of solidWhiteRight "
        "and all of test_small2; test_video, which was learnt from, shows the road of test_small2.",
        resampled="Images; frames of one stretch of the drive are alike, so the true spread is "
        "wider. For `own_lines_drawn` seconds of two clips.",
        tried="An ImageNet trunk; lines of a teacher (TwinLiteNet) on other clips, simulated "
        "drives and clips without lanes beside the 110 labelled frames; the mean of the weights; "
        "another camera and other light by augmentation. More labelled frames were not at hand.",
        failures="Lines 1 and 4 follow kerbs, barriers and parked cars without paint. The bottom "
        "end of a line bends aside where a dash has just passed below the image. Streets without "
        "paint get lines along kerbs. Night, rain and tunnels were only seen as changed daylight.",
        legend="Coloured: found (orange 1, green 2, blue 3, pink 4). White: the truth. Score: "
        "TuSimple's, of the picture enlarged to 1280 x 720.",
        command="road-clarity evaluate lanes --format tusimple --data DATA/tusimple170 --labels "
        "HELD_OUT.json",
    ),
    Chapter(
        part="segmentation",
        title="Segmentation: `ffnet_edge`",
        held_out="CamVid val, 101 images of the drive 0016E5, of which CamVid train has 204 "
        "others. They also chose the state of the run.",
        resampled="Images. They come from one drive and are alike, so the true spread is wider.",
        tried="EfficientNet-Lite0 with ImageNet weights as the backbone, instead of half the slim "
        "one from random weights (0.593 after 3800 batches); half of every batch from street "
        "frames labelled by ESPNetv2 and checked by FastestDet; rare classes weighted up; the mean "
        "of the weights; 5000 batches instead of 1300 (0.631). Val still rose at the end. "
        "Its drive is in CamVid train, so it flatters: on simulated streets, `--format streets "
        "--seeds 9000:9004`, mIoU rose from 0.451 to 0.470. A share of simulated views is in the "
        "recipe but off: nothing shows yet that it helps. Not tried: the lowest blocks learning "
        "too, and a larger input, which would cost `edge` its speed.",
        failures="Poles, signs and distant people are lost at 512 x 256 (see their IoU). Cars in a "
        "queue run into one another, and so do people side by side. Grass counts as Tree, walls "
        "and dark clouds as Building. Night, rain, snow and bonnets were hardly seen.",
        legend="Above: what is said, in CamVid's colours (road mauve, pavement blue, car purple, "
        "building red-brown, tree olive, sky grey, pole yellowish, person dark olive). Below: "
        "wrong pixels in red. The look of these streets was not learnt from; the figures above "
        "are of real images.",
        command="road-clarity evaluate segmentation --format camvid --data DATA/camvid --split val",
    ),
    Chapter(
        part="people",
        title="People: `fastest_det_edge` with `lorat_edge`, as tracks",
        held_out="PETS 2009 S2.L1, frames 400..529 of one camera; frames 0..399 of the same clip "
        "were learnt from; frames from 400 on chose the state of the first recipe, from which the "
        "second went on. Vehicles of real streets are "
        "not measured: no boxes are at hand. `sure_`: with `tracks.shown_confidence=0.84`, the "
        "least that leaves at most 0.2 false boxes a frame in frames 0..399 (0.87 found there); as "
        "shipped it is 0, since the safety monitors had rather know of whom is seen badly.",
        resampled="Seconds (10 frames) of one clip; people stay for several, so the true spread is "
        "wider.",
        tried="Published COCO weights alone (average precision 0.54), adapted to whole frames on "
        "PETS, rendered streets and its own answers on real streets (0.87 at 512x288); at 672x384 "
        "with views aimed at people of rendered streets (0.88). With those weights, in frames "
        "0..399 (recall, false boxes a frame): all cells that box somebody vote for the box (0.86 "
        "-> 0.89, 1.85 -> 1.42), tracks move on between frames (0.91, 1.28), whatever neither "
        "moves nor is surely seen is hidden (0.91, 0.84), of two boxes around a person the surer "
        "is taken (0.92, 0.76), tracks are shown in their first frame and boxes that overlap by "
        "0.4 are one (0.93, 0.64). Then weights that learnt from their own mistakes (0.94, 0.69; "
        "near somebody, but loose: 0.17 instead of 0.20, and of 0.34 before all this). No gain: "
        "counting a box the less the further it jumps, the best pairs of tracks and boxes in all, "
        "600 batches more.",
        failures="People below about 12 px in the network's picture, groups in which one hides the "
        "other, and what COCO calls otherwise: trams, barriers, animals. A box that lags behind "
        "somebody counts as false and as a miss. In frames 0..399, 0.69 boxes a frame are false: "
        "0.51 touch nobody of whom the truth tells (0.37 about where a person crosses the lawn, "
        "0.14 at the border, where people come in), 0.01 are elsewhere; the rest are loose boxes "
        "(0.09), boxes over two people (0.07), and second boxes on one (0.01).",
        legend="Yellow: tracked people, blue: tracked vehicles. White: road users of at least "
        "16 px height, as many as are seen at all, also those behind others. Tracks began 3 s "
        "before.",
        command="road-clarity evaluate objects --video CLIP --ground-truth PEOPLE.xml",
    ),
    Chapter(
        part="tracking",
        title="One target: `lorat_edge` beside OpenCV's CSRT",
        held_out="OTB Crossing, TLD pedestrian2 and TLD car: nothing of them was learnt from.",
        resampled="Sequences, our tracker and CSRT together. **Three are few**: the interval is "
        "little more than their range, and scores of single sequences swing between states of one "
        "training (pedestrian2: 0.60, 0.35 and 0.27 on the way).",
        tried="A transformer that had to learn to see from the same pictures first: 0.24 on these "
        "sequences; on ImageNet features of EfficientNet-Lite0: 0.50. Coarse and noisy search "
        "regions, rendered identities, LoRA adaptation. No large pretrained transformer was at "
        "hand. For speed: a search region of three sides instead of four, a template that does "
        "not hear it and is worked out once, then 280 steps more; first layers kept in float32, "
        "which halves what bf16 loses. The targets above are of the default, bf16 where the CPU "
        "multiplies it, in torch; OpenVINO in bf16 takes 0.6 of the time, but its gate refuses "
        "it on some recordings (docs/export.md).",
        failures="A small target in a coarse picture is lost when the camera jumps (pedestrian2). "
        "What moves by more than its side between two frames leaves the search region. "
        "Objects below about 12 px, full occlusion, look-alikes that pass each other, and anything "
        "that is neither a person, a vehicle nor a face.",
        legend="Coloured: where the target is said to be 3 s after its box was given. White: where "
        "it is. Score: mean overlap on the way.",
        command="road-clarity evaluate tracking --format otb --data DATA/tracking/otb --baseline "
        "csrt",
    ),
    Chapter(
        part="world",
        title="World model: `vae_edge`, `rg_edge`, `pca_edge` with their memories",
        held_out="Error of the picture one second ahead divided by that of the last frame shown "
        "again; below 1 is better than copying. Real: dreams into the last tenth of the clips that "
        "last 3.1 s or more (solidWhiteRight, test_small2, the YOLOP clip `input1`, and PETS, "
        "whose camera does not move); `real_cars` leaves PETS out. Simulated: seeds 20016 to 20023 "
        "in every story of the car view; no recipe learns from seeds above 10000.",
        resampled="Real: clips, four of them, or three. **Both are few.** Simulated: seeds, with "
        "all ten stories of each.",
        tried="A VAE and its LSTM by gradient descent, a transparent backbone without, principal "
        "components as the best linear code; training on dreamt steps, clips played at several "
        "speeds, noise on the latents, the mean of the weights; a head that knows of several "
        "futures (`head: mixture`), which does not ship.",
        failures="0.1 s ahead, showing the last frame again is several times better, since the "
        "drawing error outweighs the motion. 32 numbers draw no small or thin things. A dream "
        "fades into the average street; what comes round the corner is not foreseen.",
        legend="Left: the last frame seen. Middle: what was dreamt of a second later. Right: what "
        "came. 64 x 64 px, as the network sees.",
        command="road-clarity evaluate world --seeds 20016:20024 --view car",
    ),
)
