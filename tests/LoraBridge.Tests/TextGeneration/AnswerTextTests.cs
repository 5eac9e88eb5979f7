using System.Text;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.TextGeneration;

public sealed class AnswerTextTests
{
    [Fact]
    public void Characters_may_be_split_anywhere()
    {
        const string text = "Grüße 世界 👋!";
        var answer = new AnswerText([]);
        var pieces = Encoding.UTF8.GetBytes(text).Select(value => answer.Append([value])).ToList();
        pieces.Add(answer.Complete());
        Assert.Equal(text, string.Concat(pieces));
        Assert.Equal(text, answer.ToString());
        Assert.DoesNotContain(pieces, piece => piece.Contains('\uFFFD'));
    }

    [Fact]
    public void A_character_that_never_ends_is_replaced()
    {
        var answer = new AnswerText([]);
        answer.Append([0xE4, 0xB8]);
        answer.Complete();
        Assert.Equal("\uFFFD", answer.ToString());
    }

    [Fact]
    public void The_start_of_a_stop_sequence_is_held_back_until_it_is_decided()
    {
        var answer = new AnswerText(["END", "NDX"]);
        Assert.Equal("a", answer.Append("aEN"u8));
        Assert.Equal("EN", answer.Append("EN"u8));
        Assert.Equal("", answer.Append("D"u8));
        Assert.True(answer.IsStopped);
        Assert.Equal("aEN", answer.ToString());
    }

    [Theory]
    [InlineData("one STOP two", "one ")]
    [InlineData("STOP", "")]
    [InlineData("no end STO", "no end STO")]
    public void Text_ends_before_the_first_stop_sequence(string text, string expected)
    {
        var answer = new AnswerText(["STOP", "two"]);
        var pieces = text.Select(character => answer.Append([(byte)character])).ToList();
        pieces.Add(answer.Complete());
        Assert.Equal(expected, string.Concat(pieces));
        Assert.Equal(text != expected, answer.IsStopped);
    }
}
