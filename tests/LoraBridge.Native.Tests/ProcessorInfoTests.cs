namespace LoraBridge.Native.Tests;

public sealed class ProcessorInfoTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lorabridge-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Hyperthreads_of_one_core_count_once_and_forbidden_processors_not_at_all()
    {
        string[] siblings = ["0,4", "1,5", "2,6", "3,7", "0,4", "1,5", "2,6", "3,7"];
        for (var i = 0; i < siblings.Length; i++)
        {
            var topology = Directory.CreateDirectory(Path.Combine(_folder, $"cpu{i}", "topology")).FullName;
            File.WriteAllText(Path.Combine(topology, "thread_siblings_list"), siblings[i] + "\n");
        }

        Assert.Equal(4, Count("0-7"));
        Assert.Equal(2, Count("0-1,4"));
        Assert.Equal(1, Count("3,7"));
        Assert.Null(Count("40"));
        Assert.Null(ProcessorInfo.PhysicalCoreCount(Path.Combine(_folder, "nowhere"), Path.Combine(_folder, "status")));

        int? Count(string allowed)
        {
            var status = Path.Combine(_folder, "status");
            File.WriteAllText(status, $"Name:\ttest\nCpus_allowed_list:\t{allowed}\n");
            return ProcessorInfo.PhysicalCoreCount(_folder, status);
        }
    }

    [Fact]
    public void On_windows_only_the_cores_of_the_fastest_kind_count()
    {
        Assert.Equal(8, ProcessorInfo.PerformanceCoreCount(Cores(0, 8)));
        Assert.Equal(6, ProcessorInfo.PerformanceCoreCount([.. Cores(0, 8), .. Cores(1, 6)]));
        Assert.Equal(2, ProcessorInfo.PerformanceCoreCount([.. Cores(2, 2), .. Cores(0, 4), .. Cores(1, 6)]));
        Assert.Equal(1, ProcessorInfo.PerformanceCoreCount(Cores(1, 2).AsSpan(..^1)));
        Assert.Null(ProcessorInfo.PerformanceCoreCount([]));

        // Records of cores with one group of processors.
        static byte[] Cores(byte efficiencyClass, int count) =>
            [.. Enumerable.Range(0, count).SelectMany(_ => (byte[])[0, 0, 0, 0, 48, 0, 0, 0, 1, efficiencyClass, .. new byte[38]])];
    }

    [Fact]
    public void Default_is_within_what_the_process_may_use() =>
        Assert.InRange(ProcessorInfo.DefaultThreadCount, 1, Math.Max(Environment.ProcessorCount, 512));

    [Theory]
    [InlineData("0")]
    [InlineData("-2")]
    [InlineData("two")]
    [InlineData("513")]
    public void Nonsense_in_the_variable_is_refused(string text) =>
        Assert.Contains($"'{text}'", Assert.Throws<InvalidOperationException>(() => ProcessorInfo.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_number_in_the_variable_counts() => Assert.Equal(3, ProcessorInfo.Parse("3"));
}
