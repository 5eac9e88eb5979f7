using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Training.Graphs;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.Training;
using LoraBridge.Training.Verification;

namespace LoraBridge.Tests.Finetuning.Verification;

/// <summary>The check of gradients, on models that the tests write: one of each family.</summary>
public sealed class GradientCheckTests
{
    public static TheoryData<TinyFamily> Families => [.. Enum.GetValues<TinyFamily>()];

    [Theory]
    [MemberData(nameof(Families))]
    public void A_model_of_each_family_passes(TinyFamily family)
    {
        var options = new GradientCheckOptions { ContextLength = 16, Rank = 4, Threads = 1 };
        var result = GradientCheck.Run(TinyFamilies.PathOf(family), options, null, TestContext.Current.CancellationToken);

        Assert.InRange(result.ForwardNmse, 0, 1e-6);
        Assert.Empty(result.ZeroGradientTensors);
        Assert.NotEmpty(result.Tensors);
        Assert.All(result.Tensors, tensor => Assert.True(tensor.RelativeError <= result.Tolerance, tensor.ToString()));
        Assert.True(result.Pass);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1.005f, 6)]
    [InlineData(0.995f, 6)]
    [InlineData(-1, 6)]
    public void Gradients_that_are_off_by_half_a_percent_are_found(float factor, int wrong)
    {
        var found = Measure(tensor =>
        {
            if (tensor.Name.Contains("attn_k", StringComparison.Ordinal) || tensor.Name.Contains("blk.1.ffn_up", StringComparison.Ordinal))
                System.Numerics.Tensors.TensorPrimitives.Multiply(tensor.ReadGradients(), factor, tensor.EditGradients());
        });
        Assert.Equal(wrong, found.Count(tensor => tensor.RelativeError > 1e-3));
    }

    [Fact]
    public void A_gradient_in_another_direction_is_found()
    {
        // Rows in another order: as long as before, but something else.
        var found = Measure(tensor =>
        {
            if (tensor.Name == "blk.0.attn_q.weight.lora_a")
                tensor.EditGradients().Reverse();
        });
        Assert.True(found.Single(tensor => tensor.Name == "blk.0.attn_q.weight.lora_a").RelativeError > 1e-3);
    }

    [Fact]
    public void Targets_that_llama_cpp_does_not_adapt_are_reported()
    {
        var options = new GradientCheckOptions { ContextLength = 8, Rank = 2, Threads = 1, MaximumTensors = 2 };
        var result = GradientCheck.Run(TinyFamilies.PathOf(TinyFamily.LatentAttention), options, null, TestContext.Current.CancellationToken);
        Assert.Contains("blk.0.attn_k_b.weight", result.UnusedTargets);
    }

    private static IReadOnlyList<GradientCheckTensor> Measure(Action<TrainableTensor> spoil)
    {
        using var files = ModelLoader.Open(TinyFamilies.PathOf(TinyFamily.Dense));
        using var model = ModelLoader.Load(files, new NativeLoadOptions { UseExtraBuffers = false }, null, TestContext.Current.CancellationToken);
        using var engine = new ComputeEngine(1);
        var blueprint = TargetSelection.Choose(
            "llama", files.Tensors.Select(tensor => tensor.Info), LoraTargetModules.Of("attn_q", "attn_k", "ffn_up"), _ => 4, 8);
        using var check = new AdapterGradientCheck(model, blueprint, TrainingRow.Random(model, 16, 3), engine, 1, 3) { Spoil = spoil };
        return check.MeasureTensors(64, [], null, TestContext.Current.CancellationToken);
    }
}
