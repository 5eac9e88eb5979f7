using LoraBridge.Evaluation;
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.Tests.Finetuning;
using LoraBridge.TextGeneration;

namespace LoraBridge.Device.Tests;

/// <summary>What users do, on a device.</summary>
public sealed class DeviceTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Short rows: software takes a second for 64 tokens.</summary>
    private static LoraTrainingParameters Parameters => TrainingRuns.Quick with { MaxSteps = 20, LearningRate = 1e-2f, ContextLength = 32, LossSampleTokens = 128 };

    public void Dispose() => _folder.Dispose();

    /// <summary>llama.cpp itself on the device, which what follows is compared with.</summary>
    [Fact]
    public void Text_and_loss_are_those_of_the_CPU()
    {
        using var device = new LM(SmallWorld.Path, DeviceUnderTest.Configuration);
        using var cpu = SmallWorld.Load();
        Assert.Equal(Text(cpu), Text(device));
        var data = TrainingDataset.FromFile(TrainingRuns.WriteRows(_folder));
        var (expected, found) = (LossEvaluation.Evaluate(cpu, data).Loss, LossEvaluation.Evaluate(device, data).Loss);
        Assert.Equal(expected, found, 5e-3 * expected);

        static string Text(LM model)
        {
            using var conversation = new SingleTurnConversation(model) { SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 16 };
            return conversation.Submit("Hello").Text;
        }
    }

    [Fact]
    public void Twenty_updates_end_where_those_of_the_CPU_do()
    {
        var path = TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_K_M);
        var device = Train(path, DeviceUnderTest.Configuration, Parameters, "device.gguf");
        var cpu = Train(path, TinyModels.Device, Parameters, "cpu.gguf");
        Assert.Equal(20, device.Steps);
        Assert.True(cpu.FinalLoss < 0.9 * cpu.FirstLoss, "Nothing was learnt.");
        Assert.Equal(cpu.FinalLoss, device.FinalLoss, 0.01 * cpu.FinalLoss);
        Assert.Equal("CPU", cpu.Device);
        Assert.NotEqual("CPU", device.Device);
        Assert.Empty(device.FallbackNodes);
    }

    [Fact]
    public void Layers_may_be_split_with_the_CPU()
    {
        var path = TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_0);
        var parameters = Parameters with { MaxSteps = 4 };
        var split = Train(path, DeviceUnderTest.Configuration with { GpuLayers = 1 }, parameters, "split.gguf");
        var cpu = Train(path, TinyModels.Device, parameters, "cpu.gguf");
        Assert.Equal(cpu.FinalLoss, split.FinalLoss, 0.01 * cpu.FinalLoss);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Checkpoints_move_between_device_and_CPU(bool beginsOnDevice)
    {
        var path = TinyModels.PathOf(TinyArchitecture.Llama);
        var parameters = Parameters with { MaxSteps = 8, CheckpointDirectory = _folder["checkpoints"], CheckpointInterval = 5 };
        var (first, second) = beginsOnDevice ? (DeviceUnderTest.Configuration, TinyModels.Device) : (TinyModels.Device, DeviceUnderTest.Configuration);
        using (var model = new LM(path, first))
        {
            using var interrupted = TrainingRuns.Create(model, _folder, parameters);
            interrupted.TrainToAdapter(_folder["half.gguf"], TrainingRuns.Updates(state =>
            {
                if (state.Step == 4)
                    interrupted.RequestStop();
            }));
        }
        using var other = new LM(path, second);
        using var rest = TrainingRuns.Create(other, _folder, parameters);
        rest.ResumeFrom(_folder["checkpoints"]);
        var result = rest.TrainToAdapter(_folder["rest.gguf"]);
        var whole = Train(path, TinyModels.Device, parameters with { CheckpointDirectory = null }, "whole.gguf");
        Assert.Equal(8, result.Steps);
        Assert.Equal(whole.FinalLoss, result.FinalLoss, 0.01 * whole.FinalLoss);
    }

    [Fact]
    public void Cancelling_ends_a_training_that_another_can_follow()
    {
        using var model = new LM(TinyModels.PathOf(TinyArchitecture.Llama), DeviceUnderTest.Configuration);
        using var cancellation = new CancellationTokenSource();
        using (var training = TrainingRuns.Create(model, _folder, Parameters with { MaxSteps = 1000 }))
        {
            var result = training.TrainToAdapter(_folder["cancelled.gguf"], TrainingRuns.Updates(state =>
            {
                if (state.Step == 3)
                    cancellation.Cancel();
            }), cancellation.Token);
            Assert.Equal(TrainingStatus.Cancelled, result.Status);
            Assert.False(File.Exists(_folder["cancelled.gguf"]));
        }
        using var next = TrainingRuns.Create(model, _folder, Parameters with { MaxSteps = 2 });
        Assert.Equal(2, next.TrainToAdapter(_folder["next.gguf"]).Steps);
    }

    [Fact]
    public void Trainings_one_after_another_leave_the_memory_of_the_device_as_it_was()
    {
        using var model = new LM(TinyModels.PathOf(TinyArchitecture.Llama), DeviceUnderTest.Configuration);
        Train();
        var before = Free();
        Train();
        Train();
        Assert.InRange(before - Free(), long.MinValue, 1 << 20);

        void Train()
        {
            using var training = TrainingRuns.Create(model, _folder, Parameters with { MaxSteps = 2 });
            training.TrainToAdapter(_folder["adapter.gguf"]);
        }

        static long Free() => DeviceMemory.Available(DeviceUnderTest.Devices);
    }

    [Fact]
    public void Memory_on_the_device_is_estimated()
    {
        using var model = new LM(TinyModels.PathOf(TinyArchitecture.Llama), DeviceUnderTest.Configuration);
        using var training = TrainingRuns.Create(model, _folder, Parameters);
        Assert.InRange(training.EstimateMemory().Device, 1 << 16, 1 << 30);
    }

    private TrainingResult Train(string path, DeviceConfiguration device, LoraTrainingParameters parameters, string name)
    {
        using var model = new LM(path, device);
        using var training = TrainingRuns.Create(model, _folder, parameters);
        return training.TrainToAdapter(_folder[name]);
    }
}
