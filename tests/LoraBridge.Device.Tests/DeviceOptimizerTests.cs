using LoraBridge.Evaluation;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TestKit;
using LoraBridge.Tests.Finetuning;
using LoraBridge.Training;
using LoraBridge.Training.Batching;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Device.Tests;

/// <summary>Whole updates on the device, and what the host reads of them.</summary>
public sealed class DeviceOptimizerTests : IDisposable
{
    private const int Steps = 2;

    /// <summary>A few matrices behind most of the model: software takes a second for a row through all of them.</summary>
    private static readonly LoraTargetModules s_targets = LoraTargetModules.Of("blk.1.attn_output", "blk.1.ffn_down");

    private readonly TemporaryFolder _folder = new();

    private static LoraTrainingParameters Parameters =>
        TrainingRuns.Quick with { MaxSteps = 3, LearningRate = 3e-2f, ContextLength = 32, LossSampleTokens = 32, TargetModules = s_targets };

    /// <summary>B learns faster, and what is stored larger is updated by as much more.</summary>
    private static AdamWOptions Options => new()
    {
        Epsilon = 1e-4f, WeightDecay = 0.1f, Decays = _ => true, RateFactorOf = parameter => parameter.Name.EndsWith('b') ? 4 : 1,
        GainOf = parameter => parameter.Name.Contains("attn", StringComparison.Ordinal) && parameter.Name.EndsWith('b') ? 2 : 1,
    };

    public void Dispose() => _folder.Dispose();

    /// <summary>The gradients are the device's both times, and longer than they may be.</summary>
    [Fact]
    public void Updates_are_those_of_the_host()
    {
        const double MaximumNorm = 0.05;
        var (expected, values) = Train(graph => new AdamW(graph.Parameters, Options));
        var (found, valuesFound) = Train(graph => Assert.IsType<DeviceAdamW>(graph.CreateOptimizer(Options)));
        Assert.All(expected, outcome => Assert.True(outcome.GradientNorm > 2 * MaximumNorm, $"The norm is only {outcome.GradientNorm}."));
        foreach (var (a, b) in expected.Zip(found))
        {
            Assert.Equal(a.Loss, b.Loss, 1e-3);
            Assert.Equal(a.GradientNorm, b.GradientNorm, 1e-2 * a.GradientNorm);
        }
        Assert.Equal(expected[0].GradientNorm, found[0].GradientNorm, 1e-5 * expected[0].GradientNorm);
        Assert.InRange(Distance(values, valuesFound), 0, 1e-3);

        (List<StepOutcome> Outcomes, float[][] Values) Train(Func<TrainingGraph, Optimizer> create)
        {
            using var model = Model();
            var trainer = Trainer(model, create(model.Graph), 0.01f, MaximumNorm);
            var outcomes = Enumerable.Range(0, Steps).Select(step => trainer.Step(Data(model, step))).ToList();
            return (outcomes, Values(model));
        }
    }

    /// <summary>Neither side of the host is looked at, nor written to, from the first update on: rows and losses are all that passes.</summary>
    [Fact]
    public void Updates_exchange_no_values_with_the_host()
    {
        const float Poison = 12345;
        var expected = Train(_ => { });
        var found = Train(model =>
        {
            foreach (var parameter in model.Graph.Parameters)
            {
                Raw(parameter.Value).Fill(Poison);
                Raw(parameter.Gradient).Fill(Poison);
            }
        });
        Assert.Equal(expected.Losses, found.Losses);
        Assert.All(found.Untouched, untouched => Assert.True(untouched));
        Assert.All(expected.Untouched, untouched => Assert.False(untouched));
        foreach (var (a, b) in expected.Values.Zip(found.Values))
            Assert.Equal(a, b);

        static (List<double> Losses, List<bool> Untouched, float[][] Values) Train(Action<TrainedModel> between)
        {
            using var model = Model();
            var trainer = Trainer(model, model.Graph.CreateOptimizer(Options), 0.01f, 1);
            var losses = new List<double> { trainer.Step(Data(model, 0)).Loss };
            between(model);
            losses.AddRange(Enumerable.Range(1, Steps).Select(step => trainer.Step(Data(model, step)).Loss));
            losses.Add(trainer.Evaluate(Data(model, 0).MicroBatches[0]));
            var untouched = model.Graph.Parameters.SelectMany(parameter => new[] { parameter.Value, parameter.Gradient })
                .Select(tensor => !Raw(tensor).ContainsAnyExcept(Poison)).ToList();
            return (losses, untouched, Values(model));
        }

        static Span<float> Raw(TensorPtr tensor) => tensor.HostSpan<float>(0, (int)tensor.ElementCount);
    }

    /// <summary>Reading gradients does not end their sum, and what the host changes of it counts.</summary>
    [Fact]
    public void Gradients_that_were_read_are_added_to()
    {
        using var model = Model();
        var (_, once) = model.Step(isPacked: false);
        var (_, twice) = model.Step(isPacked: false, clear: false);
        Assert.All(once.Zip(twice), pair => Assert.All(pair.First.Zip(pair.Second), gradient => Assert.Equal(2 * gradient.First, gradient.Second)));
        model.Graph.Parameters[0].EditGradients().Clear();
        var (_, mixed) = model.Step(isPacked: false, clear: false);
        Assert.Equal(once[0], mixed[0]);
        Assert.NotEqual(twice[1], mixed[1]);
    }

    /// <summary>An update that went too far is found out by the next row's loss, and taken back.</summary>
    [Fact]
    public void A_divergence_leaves_what_was_good()
    {
        using var model = Model();
        var optimizer = model.Graph.CreateOptimizer(Options);
        Trainer(model, optimizer, 0.01f, 1).Step(Data(model, 0));
        var good = Values(model);
        var wild = Trainer(model, optimizer, 1e38f, 1);
        wild.Step(Data(model, 1));
        Assert.NotEqual(good, Values(model));
        var fault = Assert.Throws<TrainingDivergedException>(() => wild.Step(Data(model, 2)));
        Assert.Equal(2, fault.Step);
        foreach (var (a, b) in good.Zip(Values(model)))
            Assert.Equal(a, b);
    }

    /// <summary>The host's optimiser, with values and gradients passing to and fro, where the device's is not to be had.</summary>
    [Fact]
    public void A_device_that_cannot_update_leaves_that_to_the_host()
    {
        using var model = new TrainedModel(TinyModels.PathOf(TinyArchitecture.Llama), onDevice: true, open: weights => new WithoutAdamW(weights), targets: s_targets);
        var optimizer = Assert.IsType<AdamW>(model.Graph.CreateOptimizer(Options));
        var trainer = Trainer(model, optimizer, 0.1f, 1);
        var losses = Enumerable.Range(0, Steps).Select(_ => trainer.Step(Data(model, 0)).Loss).ToList();
        Assert.True(losses[^1] < losses[0] - 0.05, $"Nothing was learnt: {string.Join(", ", losses)}.");
        var left = Assert.Single(model.Graph.OnHost);
        Assert.Equal(("OPT_STEP_ADAMW", model.Graph.Parameters.Count), (left.Kind, left.Count));
        Assert.Contains("cannot compute it", left.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_of_the_optimiser_is_counted()
    {
        using var model = Model();
        var before = model.Graph.DeviceMemory;
        var optimizer = model.Graph.CreateOptimizer(Options);
        var elements = model.Graph.Parameters.Sum(parameter => parameter.Shape.Count);
        Assert.InRange(optimizer.DeviceBytes, 12 * elements, 40 * elements);
        Assert.Equal(before + optimizer.DeviceBytes, model.Graph.DeviceMemory);
        Assert.True(model.Graph.Target.DeviceBytes > optimizer.DeviceBytes + 8 * elements);
    }

    /// <summary>A training that was interrupted goes on as if it had not been, moments included.</summary>
    [Fact]
    public void A_training_on_the_device_goes_on_from_a_checkpoint()
    {
        var parameters = Parameters with { CheckpointDirectory = _folder["checkpoints"], CheckpointInterval = 100, EvaluationInterval = 100 };
        using var model = new LM(TinyModels.PathOf(TinyArchitecture.Llama), DeviceUnderTest.Configuration);
        using (var interrupted = TrainingRuns.Create(model, _folder, parameters))
            interrupted.TrainToAdapter(_folder["half.gguf"], TrainingRuns.Updates(state =>
            {
                if (state.Step == 1)
                    interrupted.RequestStop();
            }));
        using var rest = TrainingRuns.Create(model, _folder, parameters);
        rest.ResumeFrom(_folder["checkpoints"]);
        Assert.Equal(3, rest.TrainToAdapter(_folder["rest.gguf"]).Steps);
        using var whole = TrainingRuns.Create(model, _folder, parameters with { CheckpointDirectory = null });
        whole.TrainToAdapter(_folder["whole.gguf"]);
        Assert.Equal(ReadTensors("whole.gguf"), ReadTensors("rest.gguf"));
        Assert.NotEqual(ReadTensors("whole.gguf"), ReadTensors("half.gguf"));
    }

    /// <summary>What is saved is what the device has come to: its loss by inference is the one that training ended with.</summary>
    [Fact]
    public void The_adapter_that_is_saved_is_the_trained_one()
    {
        var path = TinyModels.PathOf(TinyArchitecture.Llama);
        TrainingResult result;
        using (var model = new LM(path, DeviceUnderTest.Configuration))
        {
            using var training = TrainingRuns.Create(model, _folder, Parameters with { LossSampleTokens = 65_536 });
            result = training.TrainToAdapter(_folder["adapter.gguf"]);
        }
        Assert.True(result.FinalLoss < result.FirstLoss - 0.02, $"The loss went from {result.FirstLoss} to {result.FinalLoss}.");
        Assert.Equal(result.FinalLoss, LossOf("adapter.gguf", TrainingRuns.WriteRows(_folder)), 0.01 * result.FinalLoss);
    }

    /// <summary>Tokens that are not trained on get less and less likely: the adapter of the first update is the one that counts.</summary>
    [Fact]
    public void The_best_adapter_is_saved_and_not_the_last()
    {
        File.Move(TrainingRuns.WriteRows(_folder, [[.. Enumerable.Range(60, 12)], [.. Enumerable.Range(72, 12)]]), _folder["few.jsonl"]);
        var parameters = Parameters with { LearningRate = 0.3f, Schedule = LearningRateScheduleKind.Constant, EvaluationInterval = 1 };
        TrainingResult result;
        List<double> losses = [];
        using (var model = new LM(TinyModels.PathOf(TinyArchitecture.Llama), DeviceUnderTest.Configuration))
        {
            using var training = TrainingRuns.Create(model, _folder, parameters);
            training.AddValidationFile(_folder["few.jsonl"]);
            result = training.TrainToAdapter(_folder["adapter.gguf"], TrainingRuns.Updates(state => losses.Add(state.ValidationLoss!.Value)));
        }
        Assert.True(result.BestStep < result.Steps, "The last update was the best.");
        Assert.True(losses[^1] > losses.Min() + 0.1, $"It makes no difference which adapter is saved: {string.Join(", ", losses)}.");
        Assert.Equal(losses.Min(), result.ValidationLoss);
        Assert.Equal(losses.Min(), LossOf("adapter.gguf", _folder["few.jsonl"]), 0.01 * losses.Min());
    }

    private double LossOf(string adapter, string rows)
    {
        using var cpu = new LM(TinyModels.PathOf(TinyArchitecture.Llama), TinyModels.Device);
        cpu.ApplyLoraAdapter(_folder[adapter]);
        return LossEvaluation.Evaluate(cpu, TrainingDataset.FromFile(rows)).Loss;
    }

    private Dictionary<string, float[]> ReadTensors(string name)
    {
        using var file = GgufFile.Open(_folder[name]);
        return file.Tensors.ToDictionary(tensor => tensor.Name, tensor => TensorReader.ReadFloats(file, tensor.Name));
    }

    private static TrainedModel Model()
    {
        _ = DeviceUnderTest.Backend;
        return new TrainedModel(TinyModels.PathOf(TinyArchitecture.Llama), onDevice: true, targets: s_targets);
    }

    private static Trainer Trainer(TrainedModel model, Optimizer optimizer, float learningRate, double maximumNorm) =>
        new(model.Graph, optimizer, new LearningRateSchedule(LearningRateScheduleKind.Constant, learningRate, 100, 0, 0), maximumNorm);

    private static TrainingStep Data(TrainedModel model, int step)
    {
        var random = new Random(step);
        var row = PackedRow.From(TrainingSample.Counting([.. Enumerable.Range(0, TrainedModel.Tokens).Select(_ => random.Next(model.Vocabulary))], ..));
        return new TrainingStep(new DataPosition(0, step), [[row]], row.TargetCount);
    }

    private static float[][] Values(TrainedModel model) => [.. model.Graph.Parameters.Select(parameter => parameter.ReadValues().ToArray())];

    /// <summary>In the length of the first.</summary>
    private static double Distance(float[][] expected, float[][] found)
    {
        var (difference, length) = (0.0, 0.0);
        foreach (var (a, b) in expected.SelectMany(values => values).Zip(found.SelectMany(values => values)))
            (difference, length) = (difference + Math.Pow((double)a - b, 2), length + Math.Pow(a, 2));
        return Math.Sqrt(difference / length);
    }

    private sealed class WithoutAdamW(DeviceWeights weights) : DeviceEngine(DeviceUnderTest.Devices, weights, threads: 1)
    {
        public override ComputeEngine OpenAlone() => new Refusing();

        private sealed class Refusing() : ComputeEngine(1)
        {
            public override bool Supports(TensorPtr node) => node.Op != GgmlOp.OptStepAdamw && base.Supports(node);
        }
    }
}
