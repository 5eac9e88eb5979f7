using LoraBridge.Data;
using LoraBridge.Finetuning;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.Data;

public class TrainingSampleReaderTests
{
    private const string Template = "{% for m in messages %}{{ m.role[0] + m.content + '\n' }}{% endfor %}{% if add_generation_prompt %}a{% endif %}";

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(100)]
    public void Windows_of_a_document_predict_each_token_once(int contextLength)
    {
        const string Text = "The quick brown fox";
        var reader = Reader(contextLength);
        var samples = reader.Read([TrainingDataset.FromTexts([Text, "ab"])]).ToList();

        Assert.All(samples, sample => Assert.InRange(sample.Tokens.Length, 2, contextLength));
        Assert.Equal(Text + "</s>ab</s>", string.Concat(samples.Select(ByteTokenizer.Learnt)));
        Assert.Equal((samples.Count, 0L, 0L), ((int)reader.Statistics.SampleCount, reader.Statistics.TruncatedSamples, reader.Statistics.SkippedSamples));
    }

    [Theory]
    [InlineData(OverlongSamplePolicy.Truncate, 2, 1, 0, 0, "01234567")]
    [InlineData(OverlongSamplePolicy.Split, 3, 0, 1, 0, "0123456789\n</s>")]
    [InlineData(OverlongSamplePolicy.Skip, 1, 0, 0, 1, "")]
    public void Overlong_samples_follow_the_policy_and_are_counted(
        OverlongSamplePolicy policy, int samples, int truncated, int split, int skipped, string learnt)
    {
        ChatHistory overlong = [new(ChatRole.User, "u"), new(ChatRole.Assistant, "0123456789")];
        ChatHistory fitting = [new(ChatRole.User, "u"), new(ChatRole.Assistant, "x")];
        var reader = Reader(13, policy);
        var result = reader.Read([TrainingDataset.FromChats([overlong, fitting])]).ToList();

        Assert.Equal(learnt, string.Concat(result.SkipLast(1).Select(ByteTokenizer.Learnt)));
        var statistics = reader.Statistics;
        Assert.Equal((samples, truncated, split, skipped), ((int)statistics.SampleCount, (int)statistics.TruncatedSamples, (int)statistics.SplitSamples, (int)statistics.SkippedSamples));
        Assert.Equal(skipped, reader.Problems.Count);
    }

    [Fact]
    public void A_sample_cut_before_anything_to_learn_is_skipped_and_reported()
    {
        ChatHistory chat = [new(ChatRole.User, "a long question"), new(ChatRole.Assistant, "x")];
        var reader = Reader(6);
        Assert.Empty(reader.Read([TrainingDataset.FromChats([chat])]));
        Assert.Equal((1L, 0L), (reader.Statistics.SkippedSamples, reader.Statistics.TruncatedSamples));
        Assert.Contains("nothing to learn is left", Assert.Single(reader.Problems).Message);
    }

    [Fact]
    public void Statistics_add_up()
    {
        ChatHistory chat = [new(ChatRole.User, "u"), new(ChatRole.Assistant, "xyz")];
        var reader = Reader(50);
        var samples = reader.Read([TrainingDataset.FromChats([chat, [new(ChatRole.User, "u")]]), TrainingDataset.FromTexts(["ab", ""])]).ToList();

        Assert.Equal(
            new DatasetStatistics
            {
                SampleCount = 3, SampleMinLength = 2, SampleMaxLength = 10, SkippedSamples = 1,
                TokenCount = samples.Sum(sample => sample.Tokens.Length), TargetCount = 5 + 3 + 1,
            },
            reader.Statistics);
        Assert.Equal(("conversations", 2L), (Assert.Single(reader.Problems).Source, reader.Problems[0].Line));
    }

    [Fact]
    public void Conversations_that_cannot_be_masked_are_counted()
    {
        ChatHistory chat = [new(ChatRole.User, "u"), new(ChatRole.Assistant, "a")];
        var reader = Reader(50, template: "{% for m in messages|reverse if m.role == 'assistant' %}{{ m.content }}{% endfor %}{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}");
        Assert.Single(reader.Read([TrainingDataset.FromChats([chat])]));
        Assert.Equal(1, reader.Statistics.UnmaskedSampleCount);
    }

    private static TrainingSampleReader Reader(int contextLength, OverlongSamplePolicy policy = OverlongSamplePolicy.Truncate, string template = Template) =>
        new(new ByteTokenizer(), new JinjaChatTemplate(template), new SampleOptions { ContextLength = contextLength, Overlong = policy });
}
