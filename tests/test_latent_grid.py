"""What each latent draws: a grid of pictures, a map of sensitivity, links to the scene."""

import pytest
import torch
from tiny_world import streets, tiny_vae

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.pca import Pca
from road_clarity.safety.error_place import worst_point
from road_clarity.safety.latent_grid import active_dimensions, latent_grid, links, sensitivity


class TwoLights(Autoencoder):
    """Latent 0 is the light of the left half, latent 1 three times that of the upper quarter."""

    def __init__(self) -> None:
        super().__init__(side=8, latents=2)
        maps = torch.zeros(2, 3, 8, 8)
        maps[0, :, :, :4] = 1.0
        maps[1, :, :2] = 3.0
        self.register_buffer("maps", maps)

    def decoder_features(self, z: torch.Tensor) -> list[torch.Tensor]:
        return [torch.einsum("bd,dchw->bchw", z, self.get_buffer("maps"))]


def test_the_middle_column_of_the_grid_is_the_frame_itself():
    net = tiny_vae()
    mu = net.encode(streets(1))[0][0]
    grid = latent_grid(net, mu)
    assert grid.shape == (4, 7, 3, 16, 16)
    assert (grid[:, 3] - net.decode(mu[None])).abs().max() < 1e-6


def test_each_row_moves_one_latent_by_three_steps_each_way():
    grid = latent_grid(TwoLights(), torch.tensor([0.5, 0.0]), torch.tensor([0.1, 1.0]))
    assert grid[0, :, 0, 7, 0].tolist() == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    assert grid[1, :, 0, 0, 7].tolist() == [-9.0, -6.0, -3.0, 0.0, 3.0, 6.0, 9.0]


def test_sensitivity_is_the_slope_of_every_pixel():
    maps = sensitivity(TwoLights(), torch.zeros(2))
    assert maps[0, 5].tolist() == [1.0] * 4 + [0.0] * 4
    assert maps[1, :, 0].tolist() == [3.0] * 2 + [0.0] * 6


def test_of_a_linear_autoencoder_it_is_the_latents_own_map():
    net = Pca(side=16, latents=4)
    net.fit(streets(100))
    maps = sensitivity(net, net.encode(streets(1))[0][0])
    assert (maps - net.latent_maps().abs().mean(1)).abs().max() < 1e-5


def test_links_tell_how_much_of_a_latent_lies_on_something():
    left, top = torch.zeros(8, 8), torch.zeros(8, 8)
    left[:, :4], top[:2] = 1.0, 1.0
    found = links(TwoLights(), torch.zeros(2), {"left": left, "top": top})
    assert [(one.latent, one.name) for one in found[:2]] == [(0, "left"), (1, "top")]
    assert [one.share for one in found] == pytest.approx([1.0, 1.0, 0.5, 0.25])


def test_a_latent_that_always_says_the_same_is_not_active():
    mu = torch.tensor([[0.0, 2.0, 1.0], [0.0, -2.0, 1.0]])
    active, divergence = active_dimensions(mu, torch.zeros(2, 3))
    assert active == [1, 2]
    assert divergence.tolist() == [0.0, 2.0, 0.5]


def test_latents_of_another_network_are_refused():
    with pytest.raises(BadInput, match="latents"):
        latent_grid(TwoLights(), torch.zeros(3))


def test_an_explanation_points_to_the_pixel_with_the_largest_error():
    error = torch.zeros(8, 8)
    error[2, 6], error[5, 1] = 1.0, 0.5
    assert worst_point(error) == (6, 2)
