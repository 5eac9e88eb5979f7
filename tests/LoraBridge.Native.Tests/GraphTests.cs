using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native.Tests;

public class GraphTests
{
    [Fact]
    public void Product_of_two_matrices_is_computed_on_the_cpu()
    {
        using var context = GgmlContexts.ForDescriptions(tensors: 8, graphs: 1, graphSize: 8);
        using var backend = CpuBackend.Open(threads: 1);
        var a = ggml_new_tensor_2d(context.Pointer, GgmlTensorType.F32, 3, 2);
        var b = ggml_new_tensor_2d(context.Pointer, GgmlTensorType.F32, 3, 1);
        var product = ggml_mul_mat(context.Pointer, a, b);
        using var buffer = Buffers.Allocate(context, backend);
        a.Set<float>([1, 2, 3, 4, 5, 6]);
        b.Set<float>([1, 10, 100]);
        var graph = ggml_new_graph_custom(context.Pointer, 8, grads: false);
        ggml_build_forward_expand(graph, product);

        Assert.Equal(GgmlStatus.Success, ggml_backend_graph_compute(backend.Pointer, graph));
        Assert.Equal([321f, 654f], product.ToArray<float>());
        Assert.Equal(1, ggml_graph_n_nodes(graph));
        Assert.Equal(product, ggml_graph_node(graph, 0));
    }
}
