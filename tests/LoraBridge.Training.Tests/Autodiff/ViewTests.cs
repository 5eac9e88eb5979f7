using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class ViewTests
{
    private const int Element = sizeof(float);

    [Fact]
    public void GradientsMatchForAPartOfEachRow()
    {
        new GradientProbe((g, x) => g.View(x[0], new Shape(3, 4, 2), 8 * Element, 32 * Element, 64 * Element, 2 * Element))
            .Vary(new Shape(8, 4, 2))
            .Check();
    }

    [Fact]
    public void GradientsMatchForAPermutedPart()
    {
        new GradientProbe((g, x) =>
                g.Permute(g.View(x[0], new Shape(3, 4, 2), 8 * Element, 32 * Element, 64 * Element, 2 * Element), 0, 2, 1, 3))
            .Vary(new Shape(8, 4, 2))
            .Check();
    }

    [Fact]
    public void GradientsMatchForTransposeAndReshape()
    {
        new GradientProbe((g, x) => g.Transpose(x[0])).Vary(new Shape(5, 3, 2)).Check();
        new GradientProbe((g, x) => g.Reshape(x[0], new Shape(6, 5))).Vary(new Shape(5, 3, 2)).Check();
        new GradientProbe((g, x) => g.Reshape(g.Transpose(x[0]), new Shape(6, 5))).Vary(new Shape(5, 3, 2)).Check();
    }

    /// <summary>Every third element of a row: [1, 3, 4, 2] of what is [9, 4, 2].</summary>
    [Fact]
    public void GradientsMatchForElementsThatLieApart()
    {
        new GradientProbe((g, x) => g.Contiguous(
                g.View(x[0], new Shape(1, 3, 4, 2), 3 * Element, 9 * Element, 36 * Element, 2 * Element)))
            .Vary(new Shape(9, 4, 2))
            .Check();
        new GradientProbe((g, x) => g.Contiguous(g.Transpose(
                g.View(x[0], new Shape(1, 3, 4, 2), 3 * Element, 9 * Element, 36 * Element, 2 * Element))))
            .Vary(new Shape(9, 4, 2))
            .Check();
    }

    /// <summary>Two views of the same memory: both parts of the gradient arrive.</summary>
    [Fact]
    public void GradientsOfOverlappingViewsAdd()
    {
        new GradientProbe((g, x) => g.Mul(
                g.Contiguous(g.View(x[0], new Shape(6), 6 * Element, 6 * Element, 6 * Element, 0)),
                g.Contiguous(g.View(x[0], new Shape(6), 6 * Element, 6 * Element, 6 * Element, 2 * Element))))
            .Vary(new Shape(8))
            .Check();
    }
}
