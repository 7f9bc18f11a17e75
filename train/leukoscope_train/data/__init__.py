"""Cells and images: read, cut, drawn, varied and split, people never divided.

Offers cells with label and person (`CropSet`, `LabCells`) and how each data set is
read, folds without leaks (`fold_people`), draws (`batches`) and their variation.
"""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_train.data.augment import Contrast as Contrast
    from leukoscope_train.data.augment import Variation as Variation
    from leukoscope_train.data.augment import compress as compress
    from leukoscope_train.data.augment import keep as keep
    from leukoscope_train.data.augment import vary as vary
    from leukoscope_train.data.cells import BLAST as BLAST
    from leukoscope_train.data.cells import I64 as I64
    from leukoscope_train.data.cells import NORMAL as NORMAL
    from leukoscope_train.data.cells import OTHER_KINDS as OTHER_KINDS
    from leukoscope_train.data.cells import CellFile as CellFile
    from leukoscope_train.data.cells import CropSet as CropSet
    from leukoscope_train.data.cells import Demographics as Demographics
    from leukoscope_train.data.cells import Strings as Strings
    from leukoscope_train.data.cells import concatenate as concatenate
    from leukoscope_train.data.cells import crop_cells as crop_cells
    from leukoscope_train.data.cells import cut_out_crop as cut_out_crop
    from leukoscope_train.data.cells import load_crops as load_crops
    from leukoscope_train.data.cells import read_image as read_image
    from leukoscope_train.data.cells import save_crops as save_crops
    from leukoscope_train.data.fields import crops_of_fields as crops_of_fields
    from leukoscope_train.data.folds import fold_people as fold_people
    from leukoscope_train.data.folds import folds_of as folds_of
    from leukoscope_train.data.folds import refuse_leaks as refuse_leaks
    from leukoscope_train.data.folds import save_folds as save_folds
    from leukoscope_train.data.gather import READERS as READERS
    from leukoscope_train.data.gather import SCALES as SCALES
    from leukoscope_train.data.gather import TALEQANI_SIZE_PX as TALEQANI_SIZE_PX
    from leukoscope_train.data.gather import as_taken as as_taken
    from leukoscope_train.data.gather import gather_cells as gather_cells
    from leukoscope_train.data.gather import summary as summary
    from leukoscope_train.data.gather import tiles_of as tiles_of
    from leukoscope_train.data.kind_sampling import draw_chances as draw_chances
    from leukoscope_train.data.laboratories import HELD_OUT as HELD_OUT
    from leukoscope_train.data.laboratories import KINDS as KINDS
    from leukoscope_train.data.laboratories import MATURE as MATURE
    from leukoscope_train.data.laboratories import MATURE_UNNAMED as MATURE_UNNAMED
    from leukoscope_train.data.laboratories import LabCells as LabCells
    from leukoscope_train.data.laboratories import Tile as Tile
    from leukoscope_train.data.laboratories import join as join
    from leukoscope_train.data.laboratories import leave_out as leave_out
    from leukoscope_train.data.laboratories import load_cells as load_cells
    from leukoscope_train.data.laboratories import of_laboratories as of_laboratories
    from leukoscope_train.data.laboratories import save_cells as save_cells
    from leukoscope_train.data.leaks import drop_twins as drop_twins
    from leukoscope_train.data.leaks import find_twins as find_twins
    from leukoscope_train.data.leaks import merge_twins as merge_twins
    from leukoscope_train.data.masked_images import CELL_NUCLEUS as CELL_NUCLEUS
    from leukoscope_train.data.masked_images import MIN_SCORE as MIN_SCORE
    from leukoscope_train.data.masked_images import WHITE_CELL as WHITE_CELL
    from leukoscope_train.data.masked_images import MaskedImage as MaskedImage
    from leukoscope_train.data.masked_images import draw_windows as draw_windows
    from leukoscope_train.data.masked_images import held_out_images as held_out_images
    from leukoscope_train.data.masked_images import training_images as training_images
    from leukoscope_train.data.masked_images import window as window
    from leukoscope_train.data.named_cells import HowTaken as HowTaken
    from leukoscope_train.data.named_cells import has_named_kinds as has_named_kinds
    from leukoscope_train.data.named_cells import named_tiles as named_tiles
    from leukoscope_train.data.nucleus_windows import cut_window as cut_window
    from leukoscope_train.data.readers import Listing as Listing
    from leukoscope_train.data.readers import people_of as people_of
    from leukoscope_train.data.readers import read_cells as read_cells
    from leukoscope_train.data.readers import read_class_folders as read_class_folders
    from leukoscope_train.data.readers import read_cnmc_share as read_cnmc_share
    from leukoscope_train.data.readers import refuse_foreign as refuse_foreign
    from leukoscope_train.data.set_scales import SET_SCALES as SET_SCALES
    from leukoscope_train.data.simulated import crops_of_slides as crops_of_slides
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
