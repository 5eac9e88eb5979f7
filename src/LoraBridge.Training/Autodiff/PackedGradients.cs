using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff;

/// <summary>Gradients of several arguments from one kernel, which writes them one after the other (<see cref="Sections"/>).</summary>
internal static class PackedGradients
{
    /// <param name="builder">Where to emit the kernel.</param>
    /// <param name="kernel">Fills a tensor of as many elements as <paramref name="shapes"/> have together.</param>
    /// <param name="sources">The kernel's arguments.</param>
    /// <param name="shapes">Shapes of the gradients, in the order in which they lie in memory.</param>
    /// <returns>The gradients, contiguous.</returns>
    public static TensorPtr[] Emit(
        GraphBuilder builder, ITensorKernel kernel, ReadOnlySpan<TensorPtr> sources, params ReadOnlySpan<Shape> shapes)
    {
        var count = 0L;
        foreach (var shape in shapes)
            count += shape.Count;
        var packed = builder.Custom(kernel, new Shape(count), sources);
        var gradients = new TensorPtr[shapes.Length];
        var start = 0L;
        for (var i = 0; i < gradients.Length; i++)
        {
            gradients[i] = builder.Part(packed, shapes[i], start);
            start += shapes[i].Count;
        }
        return gradients;
    }

    /// <summary>The gradient of an argument that the kernel wrote in parts [elements, parts], for threads that are not to meet: their sum.</summary>
    public static TensorPtr SumParts(GraphBuilder builder, TensorPtr parts, Shape shape) =>
        builder.Reshape(builder.SumTo(parts, parts.Shape with { Ne1 = 1 }), shape);
}
